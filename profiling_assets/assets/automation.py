"""When an asset is made without a person: the automation conditions, with their reasons.

Put here: one named condition for each kind of edge.
Do not put here: the sensor that evaluates them (`sensors`).
Concept: https://docs.dagster.io/guides/automate/declarative-automation
"""

import dagster as dg


def when_inputs_change() -> dg.AutomationCondition:
    """Return the condition of plate assets and of batch assets: all inputs there, one of them new.

    Returns
    -------
    dagster.AutomationCondition
        Dagster's own eager condition.
    """
    return dg.AutomationCondition.eager()


def after_the_list(listed: str) -> dg.AutomationCondition:
    """Return the condition of a plate asset that waits for its batch's list of features.

    Eager would run a plate as soon as its profiles are new, with the old list, and again when the
    new list comes. This one answers to the list alone.

    Parameters
    ----------
    listed : str
        Name of the asset that holds the list.

    Returns
    -------
    dagster.AutomationCondition
        True once for each new list, when nothing that the plate needs is missing or under way.
    """
    condition = dg.AutomationCondition
    return (
        condition.any_deps_updated().allow(dg.AssetSelection.assets(listed)).since_last_handled()
        & ~condition.any_deps_missing()
        & ~condition.any_deps_in_progress()
        & ~condition.in_progress()
    ).with_label("after_the_list_of_features")
