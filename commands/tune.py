"""`sgbench tune`."""

import json
import shlex
import signal
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from ..bench.errors import UsageError
from ..bench.paths import path_argument
from ..reproductions.tuning.methods import PRUNERS, SAMPLERS
from ._entrypoint import complain, examples, terminable
from ._options import (
    all_of,
    data_dir_option,
    device_option,
    external_files_options,
    jobs_option,
    json_option,
    retry_option,
    scale_option,
    store_option,
    time_limit_option,
)
from ._stores import open_store, store_words, warn

if TYPE_CHECKING:
    from ..reproductions.tuning.search import RunOptions
    from ..results.store.store import Store
    from ..results.store.study import Study


_declaring = all_of(
    scale_option(None, shown="demo"),
    click.option(
        "--where",
        multiple=True,
        metavar="CONDITION[,…]",
        help="What is tuned, as for `run`. Each configuration that it selects, usually a rule, is"
        " tuned by itself, with the same number of trials and the same space.",
    ),
    click.option(
        "--set", multiple=True, metavar="FIELD=VALUE", help="Change a field in every trial."
    ),
    click.option(
        "--space",
        multiple=True,
        metavar="FIELD=LOW:HIGH[:log] or FIELD=VALUE,VALUE",
        help="What is searched.  [default: the exhibit's own space]",
    ),
    click.option(
        "--trials", type=int, metavar="N", help="Trials of each configuration.  [default: 50]"
    ),
    click.option("--seeds", type=int, metavar="N", help="Seeds of each trial.  [default: 1]"),
    click.option(
        "--fresh",
        type=int,
        metavar="N",
        help="Seeds on which the best trial is retrained.  [default: the scale's number]",
    ),
    click.option(
        "--sampler", type=click.Choice(SAMPLERS), help="How trials are chosen.  [default: tpe]"
    ),
    click.option(
        "--pruner",
        type=click.Choice(PRUNERS),
        help="How trials are given up early.  [default: hyperband]",
    ),
    click.option(
        "--study", metavar="NAME", help="The study's name.  [default: made from what is tuned]"
    ),
)


@click.command(
    "tune",
    epilog=examples(
        "sgbench tune table1 --where rule=dni,network=fcn,depth=3 --trials 8",
        "sgbench tune table1 --scale quick --where rule=dni,dataset=mnist,network=fcn,depth=4"
        " --space learning_rate=1e-5:1e-2:log --space sg_layers=0:2 --trials 50",
        "sgbench tune table1 --where rule=dni,cdni,backprop,network=fcn,depth=4 --seeds 2",
        "sgbench tune table1 --study NAME --resume --time-limit 30m",
        "sgbench tune table1 --study NAME --export study.db",
        "sgbench report tune --study NAME",
    )
    + "\n\nThe first trial is the untuned protocol. Trials use the validation split; the best one"
    " is retrained on other seeds on the test split, beside the untuned protocol.\nThe same"
    " command continues a study that was interrupted.",
)
@click.argument("exhibit")
@_declaring
@click.option("--resume", is_flag=True, help="Continue the study of that name as it was declared.")
@click.option(
    "--rebuild",
    is_flag=True,
    help="Restore a lost study file from the records; train nothing.",
)
@click.option(
    "--export",
    metavar="FILE",
    help="Write the study as an Optuna storage for optuna-dashboard (a journal if FILE ends in"
    " .log, otherwise SQLite); train nothing.",
)
@time_limit_option()
@retry_option
@jobs_option
@external_files_options
@store_option
@data_dir_option
@device_option
@json_option
def command(
    *,
    resume: bool,
    rebuild: bool,
    export: str | None,
    time_limit: float | None,
    retry: tuple[str, ...],
    jobs: int | None,
    store: str,
    data_dir: str | None,
    device: str,
    as_json: bool,
    **declared: Any,
) -> int:
    """Search for better hyperparameters with Optuna; every rule gets the same trials and space.

    EXHIBIT is its name, or a path to a TOML file of one.
    """
    from ..reproductions.tuning.search import RunOptions
    from ..reproductions.tuning.study_options import StudyOptions, declare, open_study, resume_study

    source = open_store(store)
    options = StudyOptions(**declared)
    if resume and rebuild:
        raise UsageError("--resume and --rebuild exclude each other: give one of them")
    if export is not None and rebuild:
        raise UsageError("--export and --rebuild exclude each other: rebuild the study first")
    into = None if export is None else path_argument(export, "--export")
    if resume or (into and options.study):
        study = resume_study(source, options)
    else:
        study, notes = declare(options)
        study = open_study(source, study, rebuild)
        for note in notes:
            click.echo(note, err=True)
    if into:
        return _export(source, study, into)
    if rebuild:
        return _rebuild(source, study, as_json)
    run_options = RunOptions(
        store=source,
        data_dir=data_dir,
        device=device,
        jobs=jobs,
        time_limit=time_limit,
        retry=retry,
    )
    return _run(study, run_options, as_json)


def _export(store: "Store", study: "Study", path: Path) -> int:
    from ..reports.analysis.study_results import study_results
    from ..reproductions.tuning.optuna_export import export

    results = study_results(study, store.scan(), importance=False)
    warn(store)
    export(study, [(arm.arm, arm.trials) for arm in results.arms], path)
    click.echo(f"wrote {path}; look at it with: optuna-dashboard {_storage(path)}", err=True)
    return 0


def _storage(path: Path) -> str:
    return shlex.quote(str(path) if path.suffix == ".log" else f"sqlite:///{path}")


def _rebuild(store: "Store", study: "Study", as_json: bool) -> int:
    from ..results.store import study as studies

    studies.save(store, study)
    warn(store)
    return _tell(store, study, as_json)


def _run(study: "Study", options: "RunOptions", as_json: bool) -> int:
    from ..reports.console.study_progress import StudyLines
    from ..reproductions.tuning.tune import tune
    from ..results.store import study as studies

    def each(values: dict[str, Any]) -> None:
        click.echo(json.dumps(values))

    lines, signals = StudyLines(study, each if as_json else None), list[int]()
    stopped, left = None, True
    try:
        with terminable(signals):
            summary = tune(study, options, lines)
            stopped, left = summary.interrupted, summary.left
    except KeyboardInterrupt:
        stopped = signals[0] if signals else signal.SIGINT
    finally:
        warn(options.store)
    again = shlex.join(["sgbench", *_again(study, options)])
    if stopped:
        return complain(f"interrupted; go on with: {again}", 128 + stopped)
    if study.name in studies.names(options.store):
        study = studies.load(options.store, study.name)
    code = _tell(options.store, study, as_json, options.data_dir)
    if left:
        click.echo(f"go on:   {again}", err=as_json)
        return 3
    return code


def _tell(store: "Store", study: "Study", as_json: bool, data_dir: str | None = None) -> int:
    """Print the results of a study; return the exit code."""
    from ..reports.analysis.study_results import study_results
    from ..reports.console.study_outcome import outcome_lines
    from ..reports.console.study_progress import study_values

    results = study_results(study, store.scan(), importance=False)
    if as_json:
        for values in study_values(results):
            click.echo(json.dumps(values))
    report = shlex.join(["sgbench", "report", "tune", "--study", study.name, *store_words(store)])
    more = [*(["--data-dir", data_dir] if data_dir else []), *store_words(store)]
    words = [f"study {study.name}", *outcome_lines(results, more), f"report:  {report}"]
    click.echo("\n".join(words), err=as_json)
    states = [trial.state for arm in results.arms for trial in arm.trials]
    return 4 if "failed" in states or any(arm.winner is None for arm in results.arms) else 0


def _again(study: "Study", options: "RunOptions") -> list[str]:
    more = ["--jobs", str(options.jobs)] if options.jobs else []
    more += ["--data-dir", options.data_dir] if options.data_dir else []
    more += ["--device", options.device] if options.device != "auto" else []
    more += store_words(options.store)
    return ["tune", study.exhibit, "--study", study.name, "--resume", *more]
