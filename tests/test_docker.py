"""The containers: pinned, watched, bound to this machine, without a secret; the dashboards hang together."""

from __future__ import annotations

import importlib.util
import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

import mape
from mape.application import set_default_app
from mape.errors import ConfigError
from mape.remote.influxdb.target import target_of
from mape.remote.redis import StreamObservable
from mape.remote.rest import POSTObserver, RestServer
from mape.settings import load
from mape.testing import collect, run_virtual
from tests.remote.rest.wire import call

ROOT = Path(__file__).parents[1]
DOCKER = ROOT / "docker"
COMPOSE = yaml.safe_load((DOCKER / "compose.yml").read_text())
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]
DASHBOARDS = sorted((DOCKER / "grafana" / "dashboards").glob("*.json"))
VARIABLE = re.compile(r"(?<!\$)\$\{(\w+)(:[?-])?([^}]*)\}")
SECRET = re.compile(r"PASSWORD|TOKEN|USERNAME|SECRET|ADMIN_USER")
each_service = pytest.mark.parametrize("service", SERVICES.values(), ids=list(SERVICES))
each_dashboard = pytest.mark.parametrize("path", DASHBOARDS, ids=lambda path: path.stem)


def faults_of(service: dict[str, Any]) -> Iterator[str]:
    """Yield what must not be in a service."""
    version = service.get("image", "").rpartition(":")[2]
    if not re.fullmatch(r"v?\d+\.\d+\.\d+(-\w+)?", version):
        yield f"image {service.get('image')!r} is not pinned to a version"
    if not {"test", "interval", "timeout", "retries"} <= service.get("healthcheck", {}).keys():
        yield "has no whole healthcheck"
    if service.get("privileged") or "no-new-privileges:true" not in service.get("security_opt", []):
        yield "may gain privileges"
    yield from open_doors(service)
    yield from loose_ends(service)


def open_doors(service: dict[str, Any]) -> Iterator[str]:
    for name, value in service.get("environment", {}).items():
        if SECRET.search(name) and not re.search(r"\$\{\w+:\?set it in docker/\.env\}", str(value)):
            yield f"{name} is written down, or may be empty"
    for port in service.get("ports", []):
        if not port.startswith("127.0.0.1:"):
            yield f"port {port} is open to the network"


def loose_ends(service: dict[str, Any]) -> Iterator[str]:
    for volume in service.get("volumes", []):
        source = volume.split(":")[0]
        if not (source in COMPOSE["volumes"] or (DOCKER / source).exists()):
            yield f"volume {source} is nowhere"
    for other, condition in service.get("depends_on", {}).items():
        if condition != {"condition": "service_healthy"} or other not in SERVICES:
            yield f"does not wait until {other} is healthy"


@each_service
def test_a_service_is_pinned_watched_and_without_secrets(service: dict[str, Any]) -> None:
    assert list(faults_of(service)) == []


@pytest.mark.parametrize(
    ("change", "fault"),
    [
        ({"image": "influxdb:latest"}, "not pinned"),
        ({"image": "influxdb"}, "not pinned"),
        ({"healthcheck": {}}, "healthcheck"),
        ({"environment": {"A_PASSWORD": "hunter2"}}, "written down"),
        ({"environment": {"A_TOKEN": "${A_TOKEN:-}"}}, "may be empty"),
        ({"ports": ["8086:8086"]}, "open to the network"),
        ({"security_opt": []}, "privileges"),
        ({"volumes": ["./nowhere:/x"]}, "nowhere"),
        ({"depends_on": {"redis": {"condition": "service_started"}}}, "healthy"),
    ],
)
def test_a_service_with_a_fault_is_found(change: dict[str, Any], fault: str) -> None:
    assert any(fault in found for found in faults_of(SERVICES["influxdb"] | change))


def test_all_variables_are_explained_and_have_no_value_in_the_example() -> None:
    example = (DOCKER / ".env.example").read_text()
    needed = {name for name, kind, _ in VARIABLE.findall((DOCKER / "compose.yml").read_text()) if kind == ":?"}
    optional = {name for name, kind, _ in VARIABLE.findall((DOCKER / "compose.yml").read_text()) if kind != ":?"}

    assert set(re.findall(r"^(\w+)=$", example, re.MULTILINE)) == needed
    assert set(re.findall(r"^# (\w+)=", example, re.MULTILINE)) == optional
    assert ".env" in (DOCKER / ".gitignore").read_text().split()


def test_named_volumes_are_used_and_all_of_them() -> None:
    used = {volume.split(":")[0] for service in SERVICES.values() for volume in service.get("volumes", [])}

    assert {name for name in used if not name.startswith(".")} == set(COMPOSE["volumes"])


def test_the_app_gets_settings_that_mape_knows_and_accepts() -> None:
    environment = SERVICES["app"]["environment"]
    environ = {
        name: VARIABLE.sub(lambda found: found[3] if found[2] == ":-" else "x", str(value))
        for name, value in environment.items()
    }
    settings = load(environ=environ)

    assert str(target_of(settings.influxdb).write_url) == (
        "http://influxdb:8086/api/v2/write?org=mape&bucket=mape&precision=ns"
    )
    assert settings.redis.url == "redis://:x@redis:6379/0"
    with pytest.raises(ConfigError, match="did you mean MAPE_INFLUXDB__BUCKET"):
        load(environ={**environ, "MAPE_INFLUXDB__BUKET": "x"})


def test_the_image_holds_what_it_runs_and_nothing_secret() -> None:
    text = (DOCKER / "Dockerfile").read_text()
    copied = [word for line in re.findall(r"^COPY (?!--from)(.*)$", text, re.MULTILINE) for word in line.split()[:-1]]
    kept = re.findall(r"^!(.+)$", (DOCKER / "Dockerfile.dockerignore").read_text(), re.MULTILINE)
    bases = re.findall(r"^FROM (\S+)", text, re.MULTILINE)
    extras = re.search(r"\[([\w,]+)\]\"", text)

    assert all((ROOT / path).exists() for path in copied)
    assert all(any(path.rstrip("/").startswith(each) for each in kept) for path in copied)
    assert all(re.fullmatch(r"python:\d+\.\d+\.\d+-slim-\w+", base) for base in bases)
    assert re.search(r"^USER (?!root)", text, re.MULTILINE)
    program = re.search(r'^CMD \["mape", "run", "(\S+)"\]$', text, re.MULTILINE)
    assert program is not None
    assert (DOCKER / "app" / program[1]).exists()
    assert extras is not None
    known = (ROOT / "pyproject.toml").read_text()
    assert all(re.search(rf"^{extra} = ", known, re.MULTILINE) for extra in extras[1].split(","))


def test_the_scripts_of_the_database_can_be_run() -> None:
    scripts = list((DOCKER / "influxdb" / "init").iterdir())

    assert scripts
    for script in scripts:
        assert os.access(script, os.X_OK)
        subprocess.run(["/bin/sh", "-n", str(script)], check=True)
        for path in re.findall(r"(/templates/\S+)", script.read_text()):
            assert any(volume.split(":")[1] == path for volume in SERVICES["influxdb"]["volumes"])


def sources() -> list[dict[str, str]]:
    """How panels name the sources that Grafana is given."""
    files = sorted((DOCKER / "grafana/provisioning/datasources").glob("*.yml"))
    given = [source for path in files for source in yaml.safe_load(path.read_text())["datasources"]]
    return [{"type": source["type"], "uid": source["uid"]} for source in given]


def queries(panel: dict[str, Any]) -> list[str]:
    return [target.get("query") or target["expr"] for target in panel["targets"]]


@each_dashboard
def test_a_dashboard_reads_from_one_provisioned_source_and_its_variables_are_there(path: Path) -> None:
    dashboard = json.loads(path.read_text())
    known = {each["name"] for each in dashboard["templating"]["list"]}
    source = dashboard["panels"][0]["datasource"]
    targets = [target for panel in dashboard["panels"] for target in panel["targets"]]

    assert source in sources()
    for part in [*dashboard["panels"], *dashboard["templating"]["list"], *targets]:
        assert part["datasource"] == source
    for panel in dashboard["panels"]:
        for query in queries(panel):
            assert set(re.findall(r"\$\{?([a-z]\w+)", query)) <= known
            assert query.count("(") == query.count(")")
            assert ("v.defaultBucket" in query) is (source["type"] == "influxdb")


def metrics_of(text: str) -> set[str]:
    """The names of ours, and of the process, in a query."""
    return set(re.findall(r"\b(?:mape|process)_\w+", text))


async def test_the_dashboard_of_metrics_asks_for_what_an_app_shows() -> None:
    app = mape.App()
    app.loop("road").monitor(uid="detector")(float)("x")  # stopped, so that something is dropped
    sink = POSTObserver("http://peer:1", "car.speed", app=app)
    sink.outgoing.drop("overflow")
    StreamObservable("cars", redis="memory://dashboard", group="g", app=app).subscribe(print)
    server = RestServer(app, load(environ={"MAPE_REST__HOST_PORT": ":0"}).rest)
    shown = metrics_of((await server.asgi.metrics.answer()).body.decode())
    server.asgi.metrics.close()
    dashboard = json.loads((DOCKER / "grafana/dashboards/metrics.json").read_text())
    asked = {name for panel in dashboard["panels"] for query in queries(panel) for name in metrics_of(query)}
    asked |= {name for each in dashboard["templating"]["list"] for name in metrics_of(each["definition"])}

    assert len(asked) > 20
    assert asked - shown == set()
    assert metrics_of("rate(mape_element_recieved_total[1m])") - shown  # a name that is misspelt is found


async def test_prometheus_may_read_the_metrics_of_the_app_and_change_nothing() -> None:
    [job] = yaml.safe_load((DOCKER / "prometheus/prometheus.yml").read_text())["scrape_configs"]
    [targets] = job["static_configs"]
    secret = job["authorization"]["credentials_file"].removeprefix("/run/secrets/")
    variable = COMPOSE["secrets"][secret]["environment"]
    environ = {
        name: VARIABLE.sub(lambda found: f"the-value-of-{found[1]}", str(value))
        for name, value in SERVICES["app"]["environment"].items()
        if name.startswith("MAPE_REST__")
    }
    app = mape.App()
    app.loop("road").execute(uid="sign")(float)
    asgi = RestServer(app, load(environ=environ).rest).asgi

    async def ask(method: str, path: str, token: str) -> int:
        authorization = f"{job['authorization']['type']} {token}"
        headers = [("host", targets["targets"][0]), ("authorization", authorization)]
        return (await call(asgi, method, path, headers=headers)).status

    assert secret in SERVICES["prometheus"]["secrets"]
    assert await ask("GET", job["metrics_path"], f"the-value-of-{variable}") == 200
    assert await ask("GET", job["metrics_path"], "a-guess") == 401
    assert await ask("POST", "/loops/road/elements/sign/stop", f"the-value-of-{variable}") == 403
    asgi.metrics.close()


@each_dashboard
def test_the_panels_of_a_dashboard_do_not_lie_on_each_other(path: Path) -> None:
    panels = json.loads(path.read_text())["panels"]
    places = [
        (x, y)
        for place in (panel["gridPos"] for panel in panels)
        for x in range(place["x"], place["x"] + place["w"])
        for y in range(place["y"], place["y"] + place["h"])
    ]

    assert len(places) == len(set(places))
    assert max(x for x, _ in places) < 24
    assert len({panel["id"] for panel in panels}) == len(panels)


def test_each_dashboard_has_an_id_of_its_own_and_grafana_finds_them() -> None:
    dashboards = [json.loads(path.read_text()) for path in DASHBOARDS]
    [provider] = yaml.safe_load((DOCKER / "grafana/provisioning/dashboards/mape.yml").read_text())["providers"]
    mounts = dict(volume.split(":")[:2] for volume in SERVICES["grafana"]["volumes"])
    home = SERVICES["grafana"]["environment"]["GF_DASHBOARDS_DEFAULT_HOME_DASHBOARD_PATH"]

    assert len({each["uid"] for each in dashboards}) == len(dashboards) == 3
    assert len({each["title"] for each in dashboards}) == 3
    assert mounts["./grafana/dashboards"] == provider["options"]["path"]
    assert Path(home).name in {path.name for path in DASHBOARDS}


def test_the_source_of_grafana_takes_its_credentials_from_the_environment() -> None:
    text = (DOCKER / "grafana/provisioning/datasources/influxdb.yml").read_text()

    assert set(re.findall(r"\$(\w+)", text)) <= SERVICES["grafana"]["environment"].keys()
    assert yaml.safe_load(text)["datasources"][0]["secureJsonData"] == {"token": "$INFLUXDB_TOKEN"}


def test_the_template_of_influxdb_is_whole() -> None:
    resources = list(yaml.safe_load_all((DOCKER / "influxdb/template.yml").read_text()))
    variables = {each["spec"]["name"] for each in resources if each["kind"] == "Variable"}
    [dashboard] = [each for each in resources if each["kind"] == "Dashboard"]

    assert {each["apiVersion"] for each in resources} == {"influxdata.com/v2alpha1"}
    assert len({each["metadata"]["name"] for each in resources}) == len(resources)
    assert all(re.fullmatch(r"[a-z0-9-]+", each["metadata"]["name"]) for each in resources)
    for chart in dashboard["spec"]["charts"]:
        assert {"kind", "name", "xPos", "yPos", "width", "height", "queries", "colors"} <= chart.keys()
        for query in chart["queries"]:
            used = set(re.findall(r"\bv\.(\w+)", query["query"]))
            assert used <= variables | {"timeRangeStart", "timeRangeStop", "windowPeriod"}


def test_docker_itself_accepts_the_file_where_it_is_installed(tmp_path: Path) -> None:
    docker = shutil.which("docker")
    if docker is None or subprocess.run([docker, "compose", "version"], capture_output=True, check=False).returncode:
        return  # the checks above stand in for it
    needed = re.findall(r"^(\w+)=$", (DOCKER / ".env.example").read_text(), re.MULTILINE)
    (tmp_path / "env").write_text("".join(f"{name}=x1\n" for name in needed))
    command = [
        docker,
        "compose",
        "--env-file",
        str(tmp_path / "env"),
        "-f",
        str(DOCKER / "compose.yml"),
        "config",
        "-q",
    ]
    outcome = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)

    assert outcome.returncode == 0, outcome.stderr


@pytest.fixture
def traffic(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Any]:
    """The program of the image, as it is when it has just been started."""
    monkeypatch.chdir(tmp_path)
    set_default_app(None)
    spec = importlib.util.spec_from_file_location("traffic", DOCKER / "app" / "traffic.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    monkeypatch.setitem(sys.modules, "traffic", module)
    spec.loader.exec_module(module)
    yield module
    set_default_app(None)


def test_the_program_of_the_image_steers_the_traffic(traffic: Any) -> None:
    async def main() -> list[int]:
        limits = collect(traffic.sign)
        async with mape.app:
            for second in range(300):
                traffic.detector(float(second))
        return list(limits)

    limits = run_virtual(main)
    assert len(limits) == 300
    assert {60, 130} <= set(limits) <= {60, 80, 100, 130}
