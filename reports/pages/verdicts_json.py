"""Every verdict of a report as JSON, with its evidence: for leaderboards and other programs.

The file is one object:

    format     1; raised when a field is removed or changes its meaning
    title      of the report
    exhibits   a list, an object an exhibit and scale: exhibit, scale, cells (that it has), run (of
               them, a whole training run), in_part (the first part of one), planned (seeds a
               configuration), seeds (the fewest and the most, of configurations that have any),
               verdicts (by kind, the number of each) and seconds_left (that two CPU cores take for
               the rest, by the speeds in records, null where none tells it)
    verdicts   a list, in the order of the report; each is an object of the fields below
    made       a list of what the records were made on: machine_class, device, threads, matmul,
               torch, python, numpy, platform, sgbench, revision, records (a number), first and
               last (days, ISO 8601, UTC) and seconds (of training)

A verdict has these fields, always in this order, null where there is none:

    exhibit, scale             names
    kind                       place (of the paper's table or figure), intermediate (a place before
                               the end of training), claim (an order, a trend or a level) or median
                               (of a population's networks in a bin of p_update)
    claim                      name of the claim, null of others
    ours                       of a claim, whether the paper lacks a number of what it compares
    text                       what the verdict is about, in words
    where                      an object: the fields that say which cells are meant, and of an
                               intermediate place `iteration`, the updates done by then
    verdict                    reproduced, not reproduced, inconclusive, not run or not comparable;
                               of a comparison of ours confirmed or contradicted in place of the
                               first two; of an order at another scale than the paper's: same way
                               round, other way round or undecided
    measure                    what the numbers are of, with their unit
    in_table                   whether its M is the one that the paper's number is about
    seeds                      the number of seeds that the scale declares
    n                          the number of results
    estimate, low95, high95    the mean of the results and its 95 % interval; of a claim the mean of
                               what is tested (a difference, a slope, a result), of a median that of
                               its seeds'
    paper, grade               the paper's number and its evidence: T its table or text, F a
                               digitised figure, A its authors' own code, P public
                               re-implementations, R recalled, O ours
    paper_sd, paper_runs       the standard deviation over runs that the paper prints beside it, and
                               over how many, null where it does not say
    difference                 our mean less the paper's, where that is printed with its deviation
    difference_low95, difference_high95  its 95 % interval, both means being uncertain
    side                       above or below, where the paper's curve is only known to lie there
    margin                     how near to the paper's number reproduces it; of a claim the margin
                               or the level
    p                          of a claim: one-sided, after Holm over all that the exhibit declares
    within, drawn              of a place or median that is judged, yes, no or undecided: whether
                               our mean is within the margin of the paper's number, and whether the
                               number is one that a run of ours gives
    decides                    what would decide it, where it is inconclusive
    why_not                    of a claim that is not comparable, what of it hangs on the schedule
    lost                       an object: the number of records without a result, by status
    means, paper_means         of a claim: our means of what it compares, and the paper's numbers
    values                     of a claim: the number that is tested, of each seed
    runs                       a list of the records: seed, value, status and record (its id)
    command                    what trains it again, null where no one command does

Numbers have nine significant digits, so that the same records give the same bytes.
"""

import dataclasses
import json
from collections.abc import Sequence
from typing import Any

from ..analysis import overview
from ..analysis.overview import Made, Tally
from ..tables.csv import rounded
from .page import Part

FORMAT = 1


def verdicts_json(title: str, parts: Sequence[Part]) -> str:
    """Return the file of all parts' verdicts."""
    made = overview.merged(part.page.made for part in parts)
    tallies = [part.page.tally for part in parts if part.page.tally is not None]
    values = {
        "format": FORMAT,
        "title": title,
        "exhibits": [_exhibit(one) for one in tallies],
        "verdicts": [one.to_dict() for part in parts for one in part.page.details],
        "made": [_made(one) for one in made],
    }
    return json.dumps(rounded(values), indent=1, ensure_ascii=False, allow_nan=False) + "\n"


def _exhibit(one: Tally) -> dict[str, Any]:
    return {
        "exhibit": one.exhibit,
        "scale": one.scale,
        "cells": one.wanted,
        "run": one.run,
        "in_part": one.in_part,
        "planned": one.planned,
        "seeds": list(one.seeds),
        "verdicts": {kind: dict(counts) for kind, counts in one.verdicts.items()},
        "seconds_left": None if one.left is None else round(one.left),
    }


def _made(one: Made) -> dict[str, Any]:
    return {
        **dataclasses.asdict(one),
        "records": len(one.records),
        "seconds": round(one.seconds, 3),
    }
