// @ts-check
/** Shows the AsyncAPI document of the app: servers, channels, what goes in and out, and of what type it is. */

import { fields, follow, make, word } from "./schema.js";

const FORMS = [
  ["channel", "Channels"],
  ["pattern", "Patterns that are listened to"],
  ["stream", "Streams"],
  ["there", "Elements of other processes"],
  ["element", "Elements of this process"],
];
const THEME = "mape.theme";
const page = {
  about: part("about"),
  find: /** @type {HTMLInputElement} */ (part("find")),
  list: part("list"),
  main: part("main"),
  theme: part("theme"),
};

/** @param {string} id @returns {HTMLElement} */
function part(id) {
  return /** @type {HTMLElement} */ (document.getElementById(id));
}

/** Which section a channel stands in. @param {any} channel */
function formOf(channel) {
  const form = channel["x-mape"]?.form ?? "channel";
  const isHere = channel.servers?.some((/** @type {any} */ each) => each.$ref.endsWith("_this_process"));
  return form === "element" && !isHere ? "there" : form;
}

/** @param {any} root @param {any} operation @param {Set<string>} open what is unfolded in this card already */
function drawOperation(root, operation, open) {
  const words = operation.action === "receive" ? "receives" : "sends";
  const messages = operation.messages.map((/** @type {any} */ each) => drawMessage(root, each.$ref, open));
  return make(
    "div",
    { class: "operation" },
    make("span", { class: `action ${operation.action === "receive" ? "receive" : "send"}` }, words),
    make(
      "div",
      {},
      make("p", {}, operation.summary ?? ""),
      operation.description ? make("p", { class: "muted said" }, operation.description) : null,
      ...messages,
    ),
  );
}

/** @param {any} root @param {string} reference @param {Set<string>} open */
function drawMessage(root, reference, open) {
  const message = follow(root, follow(root, reference).$ref);
  const found = fields(root, message.payload);
  const title = make("span", { class: "mono type" }, word(root, message.payload));
  const rest = message.contentType ? make("span", { class: "muted" }, ` · ${message.contentType}`) : null;
  if (found === null) {
    return make("div", { class: "message" }, make("span", { class: "lone" }, title, rest));
  }
  const unfolded = open.has(reference) ? {} : { open: "" };
  open.add(reference);
  return make("details", { class: "message", ...unfolded }, make("summary", {}, title, rest), found);
}

/** @param {any} root @param {string} key @param {any} channel @param {any[]} operations */
function drawChannel(root, key, channel, operations) {
  const open = new Set();
  const { form, ...options } = channel["x-mape"] ?? {};
  const servers = channel.servers.map((/** @type {any} */ each) => follow(root, each.$ref));
  const chips = [
    ...servers.map((/** @type {any} */ each) => (formOf(channel) === "element" ? each.protocol : shown(each))),
    ...Object.entries(options).map(([name, value]) => `${name} ${value}`),
  ];
  const parameters = Object.entries(channel.parameters ?? {}).map(
    ([name, each]) => `{${name}}: ${each.enum ? each.enum.join(", ") : each.description}`,
  );
  return make(
    "article",
    { class: "card", id: `channel-${key}` },
    make(
      "header",
      {},
      make("h3", {}, channel.title ?? channel.address ?? key),
      ...[...new Set(chips)].map((each) => make("span", { class: "chip" }, each)),
    ),
    parameters.length ? make("p", { class: "muted mono" }, parameters.join("  ")) : null,
    ...operations.map((each) => drawOperation(root, each, open)),
  );
}

/** @param {any} server */
function shown(server) {
  return `${server.protocol}://${server.host}${server.pathname ?? ""}`;
}

/** @param {any} root */
function drawServers(root) {
  const rows = Object.values(root.servers).flatMap((/** @type {any} */ each) => [
    make("span", { class: "chip" }, each.protocol),
    make("code", {}, `${each.host}${each.pathname ?? ""}`),
    make("span", { class: "muted where" }, each.description ?? ""),
  ]);
  return make("section", {}, make("h2", {}, "Servers"), make("div", { class: "card servers" }, ...rows));
}

/** @param {any} root @param {string} wanted */
function draw(root, wanted) {
  const byChannel = new Map();
  for (const operation of /** @type {any[]} */ (Object.values(root.operations))) {
    const key = operation.channel.$ref.split("/").pop();
    byChannel.set(key, [...(byChannel.get(key) ?? []), operation]);
  }
  const sections = [drawServers(root)];
  const entries = [];
  let count = 0;
  for (const [form, title] of FORMS) {
    const found = Object.entries(root.channels).filter(
      ([key, channel]) => formOf(channel) === form && matches(channel, byChannel.get(key) ?? [], wanted),
    );
    if (found.length === 0) {
      continue;
    }
    count += found.length;
    const cards = found.map(([key, channel]) => drawChannel(root, key, channel, byChannel.get(key) ?? []));
    sections.push(make("section", {}, make("h2", {}, title), ...cards));
    const links = found.map(([key, channel]) => make("a", { href: `#channel-${key}` }, nameOf(channel, form)));
    entries.push(make("h2", {}, title), ...links);
  }
  if (count === 0) {
    const text = wanted ? "No channel matches." : "The app has no elements, sinks or sources yet.";
    sections.push(make("p", { class: "note" }, text));
  }
  page.main.replaceChildren(...sections);
  page.list.replaceChildren(...entries);
}

/** @param {any} channel @param {string} form */
function nameOf(channel, form) {
  const title = String(channel.title ?? channel.address);
  return form === "element" || form === "there" ? title.replace(/^\/loops\/(.*)\/elements\//, "$1.") : title;
}

/** @param {any} channel @param {any[]} operations @param {string} wanted */
function matches(channel, operations, wanted) {
  const said = [channel.title, channel.address, ...Object.keys(channel.messages), ...operations.map((each) => each.summary)];
  return said.join(" ").toLowerCase().includes(wanted);
}

/** Light or dark, as the live page has it. */
function beginTheme() {
  let chosen = null;
  try {
    chosen = localStorage.getItem(THEME);
  } catch {
    // storage is switched off
  }
  /** @param {boolean} isDark */
  const apply = (isDark) => {
    document.documentElement.dataset.theme = isDark ? "dark" : "light";
    page.theme.textContent = isDark ? "Light" : "Dark";
  };
  apply(chosen ? chosen === "dark" : matchMedia("(prefers-color-scheme: dark)").matches);
  page.theme.addEventListener("click", () => {
    const isDark = document.documentElement.dataset.theme !== "dark";
    apply(isDark);
    try {
      localStorage.setItem(THEME, isDark ? "dark" : "light");
    } catch {
      // it holds until the page goes
    }
  });
}

async function begin() {
  beginTheme();
  try {
    const answer = await fetch("asyncapi.json");
    if (!answer.ok) {
      throw new Error((await answer.json()).error ?? `status ${answer.status}`);
    }
    const root = await answer.json();
    page.about.textContent = `AsyncAPI ${root.asyncapi} · mape ${root.info.version}`;
    const show = () => draw(root, page.find.value.trim().toLowerCase());
    page.find.addEventListener("input", show);
    show();
    if (location.hash) {
      document.getElementById(decodeURIComponent(location.hash.slice(1)))?.scrollIntoView();
    }
  } catch (error) {
    const text = `The document cannot be shown: ${error instanceof Error ? error.message : error}`;
    page.main.replaceChildren(make("p", { class: "note bad", role: "alert" }, text));
  }
}

begin();
