"""Settings: each has its only default and its help here.

Parsing is strict: `-flag=value`, `--flag value` and `--flag=value` all work; an unknown flag or `LIGHTSHIP_` variable
is an error. `docs/configuration.md` lists the same settings; a test compares the two.
"""

from __future__ import annotations

from lightship.config.commands import (
    AddSettings,
    ChaosSettings,
    CheckSettings,
    DeploySettings,
    ExplainSettings,
    JudgeSettings,
    KeySettings,
    LogSettings,
    ProbeSettings,
    PromoteSettings,
    RemoveSettings,
    RollbackSettings,
    SearchSettings,
    StatusSettings,
    TestSettings,
    UpSettings,
    WatchSettings,
)
from lightship.config.crawler import CrawlerSettings, Crawling
from lightship.config.environment import (
    ADMIN_TOKEN_VARIABLE,
    CONTAINERS,
    LOG_PASSWORD_VARIABLE,
    TIED_VARIABLE,
    TOKEN_VARIABLE,
    TRUST_VARIABLE,
    VARIABLES,
    admin_token,
    check_variables,
    log_password,
    token,
    trusts_containers,
)
from lightship.config.indexer import IndexerSettings
from lightship.config.parsing import Settings, flag_of, metavar_of, parse_settings
from lightship.config.rules import RULES, SourceRules, as_json, read_rules
from lightship.config.searchengine import SearchengineSettings
from lightship.config.shared import DATA_OF_UP, TLS_CA, TLS_CERT, TLS_KEY, UP_DATA

__all__ = [
    "ADMIN_TOKEN_VARIABLE",
    "CONTAINERS",
    "DATA_OF_UP",
    "LOG_PASSWORD_VARIABLE",
    "RULES",
    "TIED_VARIABLE",
    "TLS_CA",
    "TLS_CERT",
    "TLS_KEY",
    "TOKEN_VARIABLE",
    "TRUST_VARIABLE",
    "UP_DATA",
    "VARIABLES",
    "AddSettings",
    "ChaosSettings",
    "CheckSettings",
    "CrawlerSettings",
    "Crawling",
    "DeploySettings",
    "ExplainSettings",
    "IndexerSettings",
    "JudgeSettings",
    "KeySettings",
    "LogSettings",
    "ProbeSettings",
    "PromoteSettings",
    "RemoveSettings",
    "RollbackSettings",
    "SearchSettings",
    "SearchengineSettings",
    "Settings",
    "SourceRules",
    "StatusSettings",
    "TestSettings",
    "UpSettings",
    "WatchSettings",
    "admin_token",
    "as_json",
    "check_variables",
    "flag_of",
    "log_password",
    "metavar_of",
    "parse_settings",
    "read_rules",
    "token",
    "trusts_containers",
]
