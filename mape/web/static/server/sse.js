// @ts-check
/** Reads `text/event-stream` from a fetch: EventSource cannot send a token. */

const LONGEST = 32 * 1024 * 1024; // one event of this many characters is no event of ours

/**
 * Takes text in pieces, gives events.
 * @param {(name: string, data: string) => void} emit
 */
export function reader(emit) {
  let rest = "";
  let name = "";
  /** @type {string[]} */
  let lines = [];

  /** @param {string} line */
  const take = (line) => {
    if (line === "") {
      if (lines.length) emit(name || "message", lines.join("\n"));
      name = "";
      lines = [];
    } else if (line.startsWith("data:")) lines.push(line.slice(line[5] === " " ? 6 : 5));
    else if (line.startsWith("event:")) name = line.slice(6).trim();
  };

  return (/** @type {string} */ text) => {
    const parts = (rest + text).split("\n");
    rest = parts.pop() ?? "";
    if (rest.length > LONGEST) throw new Error("an event without end");
    for (const part of parts) take(part.endsWith("\r") ? part.slice(0, -1) : part);
  };
}

/**
 * Reads until the stream ends, or is silent for too long.
 * @param {Response} response
 * @param {(name: string, data: string) => void} emit
 * @param {number} silence [ms] The server sends at least a heartbeat in this time.
 */
export async function read(response, emit, silence) {
  const body = response.body?.getReader();
  if (!body) return;
  const take = reader(emit);
  const decoder = new TextDecoder();
  let heard = Date.now();
  const guard = setInterval(() => {
    if (Date.now() - heard > silence) body.cancel().catch(() => {});
  }, 1000);
  try {
    for (;;) {
      const { done, value } = await body.read();
      if (done) return;
      heard = Date.now();
      take(decoder.decode(value, { stream: true }));
    }
  } finally {
    clearInterval(guard);
    body.cancel().catch(() => {});
  }
}
