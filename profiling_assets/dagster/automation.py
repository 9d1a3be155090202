"""When an asset is made without a person: the automation conditions, with their reasons.

Put here: one named condition for each kind of edge.
Do not put here: the sensor that evaluates them (`dagster.sensors.new_output`).
Concept: https://docs.dagster.io/guides/automate/declarative-automation

Dagster's `eager` forgets an update that comes while the asset is being made (the end of the run
counts as having handled it), and one that came before its first look. A site that is delivered
again while its plate is collated for hours would be lost that way. So here
- only a request handles an update; one that comes later stays until the next request,
- what is missing at the first look counts as newly missing,
- what another command or a person made meanwhile handles an update too, as eager has it.
"""

import dagster as dg

from profiling_assets.steps.results import CSVS, PLATE_MAP

AUTOMATIC = {"dagster/from_automation_condition": "true"}  # Dagster's own tag of such runs


def when_inputs_change(*further: str) -> dg.AutomationCondition:
    """Return the condition of an asset with inputs of its own partition: all there, one new.

    An input that is about to be made counts as new and there, so that the steps of a plate are
    one run. True once for each change, or for several at a time. `further`: external assets that it
    has beside those of all plates.
    """
    condition = dg.AutomationCondition
    external = dg.AssetSelection.assets(CSVS, PLATE_MAP, *further)
    reported = condition.any_deps_match(condition.newly_updated()).allow(external)
    # What an automatic run made was asked for together with what follows from it. Dagster's own
    # `any_deps_updated` asks whether the runs are one, and knows that of one partition a tick only.
    together = condition.any_deps_match(condition.will_be_requested()).ignore(external)
    made = condition.any_deps_match(_made_by_others() | condition.will_be_requested())
    wanted = _missing() | _unhandled(reported) | _unhandled(made.ignore(external)) | together
    # What is reported during a look is there for this look, and news for the next one: it would be
    # acted on twice. So an input that has just come is left for the next look.
    there = ~condition.any_deps_match(condition.missing()).allow(external)
    return (wanted & _possible() & ~there.newly_true()).with_label("when_inputs_change")


def when_plates_change(*, steps_aside: bool = False) -> dg.AutomationCondition:
    """Return the condition of an asset made of several plates: all there, none under way, one new.

    `steps_aside`: whether its step makes nothing where a plate has joined (`dagster.assets.step`).
    True once for all plates that came since the last time.
    """
    condition = dg.AutomationCondition
    updated = condition.any_deps_match(condition.newly_updated())
    wanted = _missing() | _unhandled(updated)
    if steps_aside:
        wanted |= _stepped_aside()
    return (wanted & _possible() & _seen()).with_label("when_plates_change")


def after_the_list(listed: str) -> dg.AutomationCondition:
    """Return the condition of a plate asset that waits for its batch's list of features.

    Any other condition would run a plate as soon as its profiles are new, with the old list, and
    again when the new list comes. This one answers to the list alone.
    True once for each new list, when nothing that the plate needs is missing or under way.
    """
    condition = dg.AutomationCondition
    updated = condition.any_deps_match(condition.newly_updated()).allow(
        dg.AssetSelection.assets(listed)
    )
    return (_unhandled(updated) & _possible() & _seen()).with_label("after_the_list_of_features")


def _missing() -> dg.AutomationCondition:
    condition = dg.AutomationCondition
    return condition.newly_missing().since(condition.newly_requested() | condition.newly_updated())


def _unhandled(trigger: dg.AutomationCondition) -> dg.AutomationCondition:
    # Two conditions, as Dagster compares the time of an update with that of the request only
    # where neither is part of an "or" or an "and".
    requested = dg.AutomationCondition.newly_requested()
    return trigger.since(requested) & trigger.since(_made_by_others())


def _made_by_others() -> dg.AutomationCondition:
    condition = dg.AutomationCondition
    return condition.newly_updated() & ~condition.any_new_update_has_run_tags(tag_values=AUTOMATIC)


def _stepped_aside() -> dg.AutomationCondition:
    # A plate joined before the step, nothing was made, and the plate was excluded since. (Where it
    # was made instead, that is an update.)
    condition = dg.AutomationCondition
    absent = condition.any_deps_missing()
    nothing_made = condition.newly_requested().since(condition.newly_updated())
    # An "or", as with the request alone Dagster (1.13) takes this "since" for that of `_unhandled`,
    # which is about dependencies too, and the two share what they remember. A plate that is absent
    # at the very look that knows of the request counts.
    was_not_whole = absent.since(
        (condition.newly_requested() & ~absent) | condition.newly_updated()
    )
    failed = condition.execution_failed()  # it is told of, and a person's
    return nothing_made & was_not_whole & ~failed


def _possible() -> dg.AutomationCondition:
    condition = dg.AutomationCondition
    return (
        ~condition.any_deps_missing() & ~condition.any_deps_in_progress() & ~condition.in_progress()
    )


def _seen() -> dg.AutomationCondition:
    # Dagster knows at once that a run has ended, and that it made something only a moment later. In
    # between, what waits for that run would be made, and once more when its end is news. So it
    # waits until nothing was under way, or about to be, at the last look either.
    condition = dg.AutomationCondition
    idle = ~condition.any_deps_in_progress()
    return ~idle.newly_true() & ~condition.any_deps_match(condition.newly_requested())
