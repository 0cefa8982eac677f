"""Which settings cannot work, alone or together."""

import dataclasses
import math
from collections.abc import Iterator
from typing import Any, Literal, get_args, get_origin

from rwlib.config.models import MODELS, PAPER_ONLY, RIVAL, RIVALS_ONLY, TWO_GRAPHS, Model

COUNTS = ("no", "one number", "two numbers", "three numbers")


def problems_of(config: Any) -> list[str]:
    """Return what is wrong with a `Config`, a clause for each fault; nothing where all is well."""
    choices = {field.name: get_args(field.type) for field in dataclasses.fields(config) if _is_choice(field)}
    problems = [
        f"{name}: expected one of {', '.join(allowed)}; got {getattr(config, name)!r}"
        for name, allowed in choices.items()
        if getattr(config, name) not in allowed
    ]
    if config.model not in MODELS:
        return problems
    model = MODELS[config.model]
    for name, count in {"hole_fraction": 2, "betas": 2, "epochs": len(model.phases)}.items():
        if len(getattr(config, name)) != count:
            of = f" ({'; '.join(model.phases)})" if name == "epochs" and config.model != "region-wise" else ""
            return [f"{name}: expected {COUNTS[count]}{of}, got {getattr(config, name)}"]
    return [*_numbers(config), *problems, *_strangers(config, model)]


def _is_choice(field: dataclasses.Field) -> bool:
    return get_origin(field.type) is Literal


def _strangers(config: Any, model: Model) -> Iterator[str]:
    """Name what belongs to another model, and would be ignored without a word."""
    rival = config.model != "region-wise"
    for field in dataclasses.fields(config):
        if field.name in (PAPER_ONLY if rival else RIVALS_ONLY):
            expected = RIVAL.get(field.name, field.default) if rival else field.default
            if getattr(config, field.name) != expected:
                remedy = f"its losses are {', '.join(model.weights)}, see --weights" if rival else "leave it out"
                yield f"{field.name}: {config.model} has no such setting; {remedy}"
    if rival and config.graph != "paper" and config.model not in TWO_GRAPHS:
        yield f"graph: {config.model} has one graph, that of its paper; leave it out ({', '.join(TWO_GRAPHS)} have two)"
    for name, weight in config.weights if rival else ():
        if name not in model.weights:
            yield f"weights: expected losses of {config.model}, {', '.join(model.weights)}; got {name!r}"
        elif not 0 <= weight < math.inf:
            yield f"weights: {name}: expected a number of at least 0 that is finite, got {weight}"


def _numbers(config: Any) -> list[str]:
    """Name the numbers that are out of range."""
    low, high = config.hole_fraction
    at_least = {
        "discriminator_width": 1, "batch_size": 1, "accumulate": 1, "checkpoint_every": 1, "sample_every": 1,
        "steps_per_epoch": 0, "vgg_size_px": 0, "workers": 0, "final_learning_rate": 0, "discriminator_layers": 0,
        "vgg_every": 1, "r1_every": 1, "warm_up": 0, "generator_every": 1,
    }  # fmt: skip
    counts = {field.name: [getattr(config, field.name)] for field in dataclasses.fields(config) if field.type is int}
    counts["epochs"] = config.epochs
    if fractions := [(name, x) for name, numbers in counts.items() for x in numbers if x % 1 != 0]:
        return [f"{name}: expected a whole number, got {x}" for name, x in fractions]  # nor NaN
    problems = [
        f"{name}: expected at least {least}, got {getattr(config, name)}"
        for name, least in at_least.items()
        if getattr(config, name) < least
    ]
    at_most = {
        "width": 1024, "discriminator_width": 1024, "discriminator_layers": 10, "size_px": 8192,
        "vgg_size_px": 8192, "workers": 512,
    }  # fmt: skip
    problems += [
        f"{name}: expected at most {most}, got {getattr(config, name)}"
        for name, most in at_most.items()
        if getattr(config, name) > most
    ]
    problems += [
        f"{name}: expected a number of at least 0 that is finite, got {getattr(config, name)}"
        for name in ("lambda_1", "lambda_2", "lambda_3", "alpha", "r1_gamma", "weight_decay")
        if not 0 <= getattr(config, name) < math.inf
    ]
    if config.width < 2 or config.width % 2:
        problems.append(f"width: expected an even number of at least 2, got {config.width}")
    if config.size_px < 8 or config.size_px % 4:
        problems.append(f"size_px: expected a multiple of 4, at least 8, got {config.size_px}")
    if not 0 <= low <= high < 1:
        problems.append(f"hole_fraction: expected 0 <= low <= high < 1, got {low} {high}")
    if not 0 < config.learning_rate < math.inf:
        problems.append(f"learning_rate: expected a positive number that is finite, got {config.learning_rate}")
    if not config.final_learning_rate < math.inf:
        problems.append(f"final_learning_rate: expected a number that is finite, got {config.final_learning_rate}")
    if not 0 < config.discriminator_rate < math.inf:
        problems.append(
            f"discriminator_rate: expected a positive number that is finite, got {config.discriminator_rate}"
        )
    if not 0 <= config.augment <= 1:
        problems.append(f"augment: expected 0 <= augment <= 1, got {config.augment}")
    if not 0 <= config.ema_decay < 1:
        problems.append(f"ema_decay: expected 0 <= decay < 1, got {config.ema_decay}")
    if min(config.epochs) < 0 or sum(config.epochs) < 1:
        problems.append(f"epochs: expected at least one epoch, got {config.epochs}")
    if not all(0 <= beta < 1 for beta in config.betas):
        problems.append(f"betas: expected two numbers in [0, 1), got {config.betas}")
    return problems
