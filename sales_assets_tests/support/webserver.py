"""Dagster's own web server over real HTTP, with a code location of this process: nothing is loaded twice."""

import sys
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Thread

import dagster as dg
import uvicorn
from dagster._core.remote_origin import InProcessCodeLocationOrigin
from dagster._core.types.loadable_target_origin import LoadableTargetOrigin
from dagster._core.workspace.context import WorkspaceProcessContext
from dagster._core.workspace.load_target import InProcessWorkspaceLoadTarget


@contextmanager
def running_webserver(
    instance: dg.DagsterInstance, module: str = "sales_assets.definitions"
) -> Iterator[str]:
    """The web server of an instance, until the end of the block; yields its URL.

    Args:
        instance: What it shows.
        module: Has the definitions.
    """
    from dagster_webserver import app as webserver  # noqa: PLC0415 - two seconds for each test process

    target = LoadableTargetOrigin(executable_path=sys.executable, module_name=module, attribute="defs")
    origin = InProcessCodeLocationOrigin(target, location_name="sales_assets")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # Dagster's, of its own deprecated parts
        workspace = WorkspaceProcessContext(instance, InProcessWorkspaceLoadTarget(origin))
    with workspace as context:
        for entry in context.get_current_workspace().code_location_entries.values():
            assert entry.load_error is None, entry.load_error.to_string()
        app = webserver.create_app_from_workspace_process_context(context)
        server = uvicorn.Server(uvicorn.Config(app, host="127.0.0.1", port=0, log_level="error"))
        socket = server.config.bind_socket()
        socket.listen()  # from now on requests wait for the server
        thread = Thread(target=server.run, args=([socket],), daemon=True)
        thread.start()
        try:
            yield f"http://127.0.0.1:{socket.getsockname()[1]}"
        finally:
            server.should_exit = True
            thread.join()
