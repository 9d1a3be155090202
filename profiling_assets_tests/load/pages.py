"""What the main pages of the web UI ask, shortened to the fields that cost something."""

_RUNS = """
{ runsFeedOrError(limit: 30, view: ROOTS) { __typename
    ... on RunsFeedConnection { hasMore results { id runStatus creationTime startTime endTime
      tags { key value } jobName assetSelection { path } } } } }"""
_RUNNING = """
{ runsOrError(filter: {statuses: [QUEUED, STARTING, STARTED, CANCELING]}, limit: 50) {
    ... on Runs { results { id status tags { key value } stats { ... on RunStatsSnapshot {
      id stepsSucceeded stepsFailed } } } } } }"""
_CATALOG = """
{ assetNodes { id groupName kinds assetKey { path } isPartitioned
    assetMaterializations(limit: 1) { timestamp runId partition }
    partitionStats { numMaterialized numMaterializing numPartitions numFailed } } }"""
_PARTITIONS = """
{ assetNodeOrError(assetKey: {path: ["normalized_profiles"]}) { ... on AssetNode { id
    partitionKeysByDimension { name partitionKeys }
    assetPartitionStatuses { __typename ... on DefaultPartitionStatuses {
      materializedPartitions failedPartitions materializingPartitions unmaterializedPartitions } }
    } } }"""
_BACKFILLS = """
{ partitionBackfillsOrError(limit: 10) { ... on PartitionBackfills { results { id status
    numPartitions timestamp assetBackfillData { assetBackfillStatuses {
      ... on AssetPartitionsStatusCounts { assetKey { path } numPartitionsTargeted
        numPartitionsInProgress numPartitionsMaterialized numPartitionsFailed } } } } } } }"""
_HEALTH = """
{ instance { id daemonHealth { id allDaemonStatuses { daemonType required healthy
    lastHeartbeatTime lastHeartbeatErrors { message } } } } }"""

HEALTH = "daemons"
PAGES = {
    "runs": _RUNS,
    "runs under way": _RUNNING,
    "assets": _CATALOG,
    "partitions of an asset": _PARTITIONS,
    "backfills": _BACKFILLS,
    HEALTH: _HEALTH,
}
PING = "{ version }"
