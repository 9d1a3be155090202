"""A bucket that holds a workspace, beside a place whose commands work on it."""

import subprocess
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import boto3
from botocore.config import Config

from profiling_assets_tests.cli.commands import Done, Place

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

PREFIX = "projects/a project/workspace"


@dataclass(frozen=True)
class Bucket:
    """A bucket, and a place whose commands are started beside it."""

    name: str
    place: Place

    @property
    def root(self) -> str:
        return f"s3://{self.name}/{PREFIX}"

    def tags(self) -> dict[str, str]:
        """Return the ETag of every object below the root but our own state."""
        return {path: tag for path, tag in self._tags().items() if not path.startswith(".")}

    def intents(self) -> list[str]:
        """Return what runs said they were about to publish, and have not taken back."""
        return [path for path in self._tags() if path.startswith(".profiling_assets/intents/")]

    def _tags(self) -> dict[str, str]:
        with self._client() as client:
            pages = client.get_paginator("list_objects_v2").paginate(
                Bucket=self.name, Prefix=PREFIX
            )
            return {
                item.get("Key", "").removeprefix(f"{PREFIX}/"): item.get("ETag", "")
                for page in pages
                for item in page.get("Contents", ())
            }

    def objects(self) -> dict[str, bytes]:
        """Return every object below the root but our own state."""
        with self._client() as client:
            return {
                path: client.get_object(Bucket=self.name, Key=f"{PREFIX}/{path}")["Body"].read()
                for path in self.tags()
            }

    def uploads(self) -> list[str]:
        """Return the keys of unfinished uploads."""
        with self._client() as client:
            answer = client.list_multipart_uploads(Bucket=self.name)
        return sorted(upload.get("Key", "") for upload in answer.get("Uploads", ()))

    def put_folder(self, folder: Path) -> None:
        """Upload a folder's files."""
        with self._client() as client:
            for path in sorted(folder.rglob("*")):
                if path.is_file():
                    key = f"{PREFIX}/{path.relative_to(folder).as_posix()}"
                    client.put_object(Bucket=self.name, Key=key, Body=path.read_bytes())

    def run(self, *words: str | Path) -> Done:
        """Call `run` with the bucket's own workspace and config."""
        return self.place("run", "--workspace", self.root, "--config", self._config, *words)

    def start_run(self, *words: str | Path) -> subprocess.Popen[str]:
        """Start `run` with the bucket's own workspace and config."""
        return self.place.start("run", "--workspace", self.root, "--config", self._config, *words)

    @property
    def _config(self) -> str:
        return f"{self.root}/config_files/config.yml"

    @contextmanager
    def _client(self) -> "Generator[S3Client]":
        client = boto3.client("s3", config=Config(s3={"addressing_style": "path"}))
        try:
            yield client
        finally:
            client.close()
