"""Login of the MLflow servers that this installation starts: a generated password, and the files that MLflow reads."""

from __future__ import annotations

from tasks.settings import Settings
from tasks.storage.secret_file import new_password, read_or_make, replace_private

USER = "sondeflow"
AUTHENTICATION = ("--app-name", "basic-auth")


def mlflow_login(settings: Settings, database: str) -> dict[str, str]:
    """Return the environment in which an MLflow server asks for a password.

    Args:
        settings: names the home folder, which gets the password, a session key and MLflow's configuration, each for
            its owner only.
        database: SQLAlchemy URL of MLflow's users, without a password.
    """
    home = settings.home
    user, _, password = read_or_make(settings.own_tracking_password, lambda: f"{USER}:{new_password()}").partition(":")
    lines = {
        "default_permission": "READ",
        "database_uri": database,
        "admin_username": user,
        "admin_password": password,
        "authorization_function": "mlflow.server.auth:authenticate_request_basic_auth",
    }
    text = "".join(f"{name} = {value.replace('%', '%%')}\n" for name, value in lines.items())
    replace_private(home / "mlflow-auth.ini", f"[mlflow]\n{text}")
    return {
        "MLFLOW_AUTH_CONFIG_PATH": str(home / "mlflow-auth.ini"),
        "MLFLOW_FLASK_SERVER_SECRET_KEY": read_or_make(home / "mlflow-session-key", new_password),
    }
