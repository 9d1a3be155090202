"""The S3 session: a Dagster resource with what S3 workspaces need beside dagster-aws's own.

Put here: how a client is made from the options of an address.
Do not put here: what is done with it (`storage.s3`), what an address may say (`storage.s3.address`).
"""
