"""What help says of each command beside its own words: what it is for, in a line, and lines to type as they are."""

from __future__ import annotations

__all__ = ["EXAMPLES", "PURPOSES", "examples"]

PURPOSES = {
    "new": "Make a project that runs at once, with its test.",
    "run": "Run a program, and show it on a live page.",
    "demo": "Watch loops at work.",
    "list": "List the elements of a program.",
    "graph": "Draw what listens to what in a program.",
    "check": "Say what is probably wrong with a program, and what to do.",
    "send": "Give an element of a running program items.",
    "tap": "Show what passes an element, as it happens.",
    "doctor": "Say what is installed, configured and reachable here.",
    "completion": "Make Tab complete commands, programs and elements.",
    "config": "Show the settings, and where they come from.",
}

EXAMPLES: dict[str, tuple[str, ...]] = {
    "new": ("mape new greenhouse", "mape new --here"),
    "run": ("mape run app.py", "mape run --reload --open app.py", "mape run fleet.app:TESTS -- --seed 3"),
    "demo": ("mape demo", "mape demo ambulance --transport rest", "mape demo highway --seconds 60"),
    "list": ("mape list app.py", "mape list fleet.app --json"),
    "graph": ("mape graph app.py", "mape graph app.py --mermaid > graph.mmd"),
    "check": ("mape check", "mape check app.py", "mape check app.py --ignore circle --json"),
    "send": (
        "mape send car.detect '{\"kmh\": 80}' --url 127.0.0.1:8000",
        "mape send car_panda.detect true --redis unix:///run/redis.sock",
    ),
    "tap": (
        "mape tap car.detect --url 127.0.0.1:8000",
        "mape tap 'car_*.detect' --redis embedded:road --count 5",
    ),
    "doctor": ("mape doctor", "mape doctor --json"),
    "explain": ("mape config explain", "mape config explain --config other.yml --json"),
    "completion": (
        'eval "$(mape completion bash)"',
        "mape completion fish > ~/.config/fish/completions/mape.fish",
    ),
}


def examples(name: str) -> str:
    """Write the examples of a command as its help ends; the mark keeps the lines as they are."""
    return "\n".join(["\b", "Examples:", *(f"  {each}" for each in EXAMPLES[name])])
