"""When what is coming has come: see `Pusher.has_come`."""

from __future__ import annotations

from pathlib import Path
from typing import Any, cast

from lightship.indexer.publish.pusher import Pusher, _Replica
from lightship.rpc.client import RpcClient
from made import MadeShard, page


def test_what_is_coming_has_come_when_all_have_it_who_take_manifests(tmp_path: Path) -> None:
    made = MadeShard(tmp_path / "shard").put(page(1))
    older, manifest, nobody = made.manifest(), made.put(page(2)).manifest(), cast("RpcClient", None)
    files = list(manifest.files.values())
    lacking = frozenset({files[0].name})
    pusher = Pusher([], str(made.published), "", superseded=lambda _: None)
    try:

        def has_come(**second: Any) -> bool:
            replicas = _Replica("a", nobody, has=manifest, problem=""), _Replica("b", nobody, **second)
            pusher._replicas.update({replica.address: replica for replica in replicas})
            try:
                return pusher.has_come(files)
            finally:
                pusher._replicas.clear()

        assert has_come(has=manifest, problem="")
        assert not has_come(has=manifest, problem="", lacks=lacking)
        assert not has_come(has=older, problem="")
        assert has_come(has=manifest, problem="it is down", lacks=lacking)
        assert has_come(has=None, problem="")
    finally:
        pusher.close()
