"""What lies where in a workspace: names, layout, sites, plates, registry, ledgers, copies.

Nothing here computes a profile. The half that only names things touches no disk; the half that
reads and writes does so through `storage`.
"""
