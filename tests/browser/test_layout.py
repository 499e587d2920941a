"""Where things stand: several processes use the screen's shape, nothing lies over anything, and who comes back finds the old place."""

# ruff: noqa: E501 - the lines of scripts

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import pytest
from playwright.sync_api import Page

from tests.browser.conftest import Opener
from tests.browser.eyes import live, told
from tests.browser.plant import Plant

pytestmark = pytest.mark.system

Planter = Callable[..., Plant]

CARS = ("ada", "ben", "cleo")
ROAD = ("ambulance", *CARS)
LOOK = """(() => {
    const {scene, view} = document.querySelector('#graph').stage;
    const of = kind => [...scene.groups.values()].filter(group => group.kind === kind && group.w);
    const card = node => ({name: node.id, x: node.x - node.w / 2, y: node.y - node.h / 2, w: node.w, h: node.h, group: node.group, kind: node.kind});
    const box = ({id, peer, title, x, y, w, h}) => ({name: id, peer, title, x, y, w, h});
    return {zoom: view.zoom, peers: of('peer').map(box), loops: of('loop').map(box), cards: [...scene.nodes.values()].map(card),
        edges: scene.edges.map(({source, target, points}) => ({source, target, points: [...points]}))};
})()"""
SHOW = "void (store.update({peers: given.peers, graphs: {...given.graphs, '': {...s.graphs[''], elements: [], loops: [], edges: []}}}))"

Box = dict[str, Any]


def element(loop: str, uid: str, role: str) -> Box:
    return {"path": f"{loop}.{uid}", "uid": uid, "role": role, "loop": loop, "starts": "subscribe", "state": "running"}


def edge(source: str, target: str | None, to: list[dict[str, str]] | None = None) -> Box:
    kind = "local" if target else "remote"
    end = None if target else {"id": f"{to}", "title": "POST http://10.0.0.1:8000/loops/safety", "kind": "remote"}
    name = f"{source} {target or to}"
    return {
        "id": name,
        "source": source,
        "target": target,
        "operators": [],
        "kind": kind,
        "title": name,
        "end": end,
        "peer_targets": to or [],
    }


def process(name: str, there: Iterable[str]) -> Box:
    """Return the graph of a process on the road: an ambulance that three cars hear, cars that tell each other."""
    loop, others = f"{name}_loop", [car for car in CARS if car != name and car in there]
    uids = (
        ("detect", "policy", "driver", "siren")
        if name == "ambulance"
        else ("emergency_detect", "safety_policy", "speed", "lights")
    )
    roles = ("monitor", "plan", "execute", "monitor" if name == "ambulance" else "execute")
    first, second, third, fourth = (f"{loop}.{uid}" for uid in uids)
    edges = [edge(first, second), edge(second, third)]
    if name == "ambulance":
        edges += [edge(fourth, None, [{"peer": f"{car}:1", "path": f"{car}_loop.emergency_detect"}]) for car in others]
    else:
        edges += [edge(second, fourth)]
        edges += [edge(first, None, [{"peer": f"{car}:1", "path": f"{car}_loop.safety_policy"}]) for car in others]
    elements = [element(loop, uid, role) for uid, role in zip(uids, roles, strict=True)]
    paths = [each["path"] for each in elements]
    loops = [{"path": loop, "uid": loop, "level": "road", "elements": paths}]
    return {
        "peer": f"{name}:1",
        "version": 1,
        "levels": [{"uid": "road"}],
        "loops": loops,
        "elements": elements,
        "edges": edges,
        "knowledge": [],
    }


def show(page: Page, there: Iterable[str] = ROAD) -> Box:
    """Show these processes, once nothing glides any more; what is drawn then."""
    there = list(there)
    graphs = {f"{name}:1": process(name, there) for name in there}
    peers = {
        f"{name}:1": {"name": f"{name}:1", "title": name, "url": "", "state": "live", "text": ""} for name in there
    }
    told(page, SHOW, {"graphs": graphs, "peers": peers})
    page.wait_for_function(
        "() => { const stage = document.querySelector('#graph').stage; return !stage.move && !stage.view.glide; }"
    )
    return seen(page)


def seen(page: Page) -> Box:
    """Return what is drawn, and where."""
    found: Box = told(page, LOOK)
    return found


def overlaps(boxes: list[Box]) -> list[tuple[str, str]]:
    """Return what lies over each other."""
    return [
        (a["name"], b["name"])
        for index, a in enumerate(boxes)
        for b in boxes[:index]
        if a["x"] < b["x"] + b["w"]
        and b["x"] < a["x"] + a["w"]
        and a["y"] < b["y"] + b["h"]
        and b["y"] < a["y"] + a["h"]
    ]


def crossings(look: Box) -> set[tuple[str, str, str]]:
    """Return what edges between processes go through: source, target, card."""
    loops = {card["name"]: card["group"] for card in look["cards"]}
    return {
        (each["source"], each["target"], card["name"])
        for each in look["edges"]
        if loops[each["source"]] != loops[each["target"]]
        for card in look["cards"]
        if card["name"] not in {each["source"], each["target"]}
        for x, y in zip(each["points"][::2], each["points"][1::2], strict=True)
        if card["x"] < x < card["x"] + card["w"] and card["y"] < y < card["y"] + card["h"]
    }


def places(look: Box) -> dict[str, tuple[int, int]]:
    """Return in which line and column each process stands."""
    xs, ys = (sorted({round(peer[axis]) for peer in look["peers"]}) for axis in "xy")
    return {peer["title"]: (ys.index(round(peer["y"])), xs.index(round(peer["x"]))) for peer in look["peers"]}


@pytest.mark.parametrize(
    ("width", "height", "least", "columns"),
    [(1440, 900, 0.6, 2), (1920, 1080, 0.75, 2), (2560, 1440, 1.0, 2), (390, 844, 0.3, 1)],
)
def test_four_processes_use_the_shape_of_the_screen_and_nothing_lies_over_anything(
    opened: Opener, plant: Planter, width: int, height: int, least: float, columns: int
) -> None:
    page = live(opened(plant("house").url, width=width, height=height), 10)
    look = show(page)

    print(f"\n{width} x {height}: drawn at {look['zoom']:.2f}, {places(look)}")
    assert len(look["peers"]) == 4
    assert max(column for _, column in places(look).values()) == columns - 1
    assert look["zoom"] >= least
    assert overlaps(look["peers"]) == []
    assert overlaps(look["loops"]) == []
    assert overlaps(look["cards"]) == []
    assert crossings(look) == set(), "edges go through cards"
    within = {peer["name"]: peer for peer in look["peers"]}
    assert all(any(inside(loop, peer) for peer in within.values()) for loop in look["loops"])


def inside(one: Box, other: Box) -> bool:
    """Whether one box lies in another."""
    across = other["x"] <= one["x"] and one["x"] + one["w"] <= other["x"] + other["w"]
    return bool(across and other["y"] <= one["y"] and one["y"] + one["h"] <= other["y"] + other["h"])


def test_processes_below_each_other_only_would_be_found(opened: Opener, plant: Planter) -> None:
    planted = {"graph/shelves.js": ("Math.min(most, peers.length)", "1")}
    assert show(live(opened(plant("house").url, planted=planted), 10))["zoom"] < 0.6


def test_edges_that_go_straight_through_cards_would_be_found(opened: Opener, plant: Planter) -> None:
    planted = {"graph/wiring.js": ("const CARD = { once: 3000, each: 6 }", "const CARD = { once: 0, each: 0 }")}
    assert crossings(show(live(opened(plant("house").url, planted=planted), 10)))


def test_who_goes_leaves_the_others_where_they_are_and_finds_its_place_again(opened: Opener, plant: Planter) -> None:
    page = live(opened(plant("house").url), 10)
    before = show(page)

    for gone in CARS:
        rest = show(page, [name for name in ROAD if name != gone])
        assert places(rest) == {name: place for name, place in places(before).items() if name != gone}
        back = show(page)
        assert places(back) == places(before)
        assert back["cards"] == before["cards"]


def test_the_same_processes_always_stand_in_the_same_order(opened: Opener, plant: Planter) -> None:
    url = plant("house").url
    first = show(live(opened(url), 10))
    second = live(opened(url), 10)
    looks = [show(second, list(reversed(ROAD))[:count]) for count in range(1, 5)]
    assert places(looks[-1]) == places(first)
    assert places(first)["ambulance"] == (0, 0), "who tells the others comes first"


def test_an_element_in_another_process_is_reached_by_a_line_and_one_that_is_not_there_by_a_channel(
    opened: Opener, plant: Planter
) -> None:
    page = live(opened(plant("house").url), 10)
    assert [card["name"] for card in show(page)["cards"] if card["kind"] == "channel"] == []
    ends = {(each["source"], each["target"]) for each in seen(page)["edges"]}
    assert any("siren" in source and "ada_loop.emergency_detect" in target for source, target in ends)

    alone = {"ben:1": process("ben", ROAD)}
    told(page, SHOW, {"graphs": alone, "peers": {}})

    assert len([card for card in seen(page)["cards"] if card["kind"] == "channel"]) == 2


def test_five_hundred_elements_find_their_places_soon(opened: Opener, plant: Planter) -> None:
    page = live(opened(plant("many").url), 500)
    spent = """(() => { const {stage} = document.querySelector('#graph');
        const once = () => { stage.memory.rows.clear(); stage.memory.places = []; const start = performance.now(); stage.rebuild(true); return performance.now() - start; };
        return [...Array(9)].map(once).sort((a, b) => a - b); })()"""
    times = told(page, spent)
    print(f"\n500 elements laid out in {times[4]:.0f} ms (from {times[0]:.0f} to {times[-1]:.0f})")
    assert times[2] < 100
    look = seen(page)
    assert overlaps(look["loops"]) == []
