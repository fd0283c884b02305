"""What the operator does with a deployed stack: `shortlink doctor`, `shortlink smoke`, and each group of commands with
the policy that crates/cli/README.md has for it, which the emulator enforces."""

import json
import re
from collections import namedtuple
from pathlib import Path

from doctor import examine
from environment import REGION, ROOT, SCRATCH
from iam_user import Operator, actions, run, without

README = ROOT / "crates/cli/README.md"
ACCOUNT = "000000000000"  # the emulator's
TARGET_URL = "https://example.com/operated"
LIST = "code,url\nimported,https://example.com/imported\n"

# A command: what it must print, the actions that it needs beside GetItem, with which every command looks for the table
# first, and the status of a link after it. In its arguments, {id} is the id of the import, and the others are files; an
# export that was refused begins the file {refused}.
Command = namedtuple("Command", "arguments says needs status", defaults=[[], None])
GROUPS = {
    "Change": [
        Command(f"links create {TARGET_URL} --alias operated --owner press", "operated", ["PutItem"],
                ("operated", 301)),
        Command("links update operated --title Operated --expires-in 1d", "is changed", ["UpdateItem"],
                ("operated", 301)),
        Command("links withdraw operated", "is withdrawn", ["UpdateItem"], ("operated", 410)),
        Command("links restore operated", "is not withdrawn", ["UpdateItem"], ("operated", 301)),
        Command("links block operated", "is blocked", ["UpdateItem"], ("operated", 451)),
        Command("links unblock operated", "is no longer blocked", ["UpdateItem"], ("operated", 301)),
        Command("block example.com --no-wait", "example.com is blocked, and with it", ["UpdateItem", "Scan"],
                ("operated", 451)),
        # Without Scan, the host is unblocked, but not yet its link: the command is given again.
        Command("unblock example.com", "example.com is no longer blocked", ["UpdateItem", "Scan"],
                ("operated", 301)),
        Command("allow example.com", "may lead only to", ["UpdateItem"]),
        Command("disallow example.com", "may lead to any host", ["UpdateItem"]),
        Command("links transfer --from press --to web", "1 link of press belongs to web", ["Query", "UpdateItem"],
                ("operated", 301)),
    ],
    "Read": [
        Command("links list", "operated", ["Scan"]),
        Command("links list --owner web", "operated", ["Query"]),
        Command("links show operated", TARGET_URL, ["BatchGetItem"]),
        Command("visits operated", "visits since the link was created", ["BatchGetItem"]),
        Command("hosts list", ""),
    ],
    "Keys": [
        Command("keys create operated --owner web", "sl_", ["PutItem"]),
        Command("keys list", "operated", ["Scan"]),
        Command("keys revoke operated", "is revoked", ["UpdateItem"]),
    ],
    "Export": [
        Command("export --output {export}", "is written. Links: ", ["Scan"]),
        Command("export --format csv --output {table}", "is written. Links: ", ["Scan"]),
        Command("export --output {refused} --resume", "is written. Links: "),
    ],
    "Import, dry run": [Command("import {list}", "New: 1,", [], ("imported", 404))],
    "Import with --apply": [Command("import {list} --apply", "Written: 1,", ["PutItem"], ("imported", 301))],
    "Undo an import": [
        Command("import --undo {id}", "of the import", ["Scan", "DeleteItem"], ("imported", 404)),
    ],
    "Doctor": [],  # `examine` uses it.
}
# A command goes on without it, and then shows no time left.
OPTIONAL = "dynamodb:DescribeTable"


def policies(table):
    """The policy of each group of commands in the README, by its heading, for this table."""
    section = README.read_text().split("\n## Permissions\n")[1].split("\n## ")[0]
    found = {}
    for part in section.split("\n### ")[1:]:
        text = part.split("```json\n")[1].split("```")[0]
        for word, value in [("REGION", REGION), ("ACCOUNT", ACCOUNT), ("TABLE", table)]:
            text = re.sub(rf"\b{word}\b", value, text)
        found[part.split("\n")[0].strip()] = json.loads(text)
    return found


def is_refused(ran, action):
    """Whether a command was refused with one sentence that names the action."""
    named = re.search(rf"\b{action}\b", ran.stderr)
    return ran.code == 1 and named is not None and len(ran.stderr.strip().splitlines()) == 1


def operate(check, aws, api, stack, outputs, redeploy):
    """Checks the operator's commands on a stack with the door `key`, and with the base URL and the alarm address
    of doctor.py. `redeploy` deploys it with another version or other parameters."""
    documented = policies(outputs["TableName"])
    check("the rehearsal runs commands of each group that has a policy, and no others", set(documented) == set(GROUPS),
          f"{sorted(documented)} in the README, {sorted(GROUPS)} here")
    nobody = Operator(aws, "nobody")
    doctor = Operator(aws, "operator-doctor", documented["Doctor"])
    examine(check, aws, doctor, nobody, stack, outputs, documented["Doctor"], redeploy)
    try_out(check, aws, stack, outputs)
    files = Path(SCRATCH.name)
    (files / "operated.csv").write_text(LIST)
    values = {"list": files / "operated.csv", "export": files / "operated.ndjson", "table": files / "exported.csv",
              "refused": files / "refused.ndjson", "id": "0" * 16}
    operators = {group: use_group(check, aws, api, group, documented[group], nobody, outputs["TableName"], values)
                 for group, commands in GROUPS.items() if group in documented and commands}
    verified = run(nobody.env, "export", "verify", str(values["export"]))
    check("`export verify` restores the export, without any right", verified.code == 0 and "is whole" in verified.stdout,
          verified)
    cross(check, {**operators, "Doctor": doctor}, stack, outputs["TableName"])


def use_group(check, aws, api, group, policy, nobody, table, values):
    """Checks that somebody with the policy of a group can run its commands, and that nobody with less can."""
    operator, allowed = Operator(aws, f"operator-{re.sub('[^a-z]+', '-', group.lower())}", policy), actions(policy)
    # Whoever lacks GetItem can begin no command, as whoever has no policy.
    lacking = {action: Operator(aws, f"{operator.name}-lacks-{action.replace(':', '-')}", without(policy, action))
               for action in allowed if action != "dynamodb:GetItem"}
    needed = {"dynamodb:GetItem"}
    for command in GROUPS[group]:
        def arguments(**others):
            written = [argument.format(**{**values, **others}) for argument in command.arguments.split(" ")]
            return [*written, "--table", table]

        name = f"`{command.arguments}`"
        elsewhere = arguments(export=values["refused"], table=values["refused"].with_suffix(".csv"))
        refused = nobody.run(*elsewhere)
        check(f"without a policy, {name} is refused with a sentence that names the missing action",
              is_refused(refused, "dynamodb:GetItem"), refused)
        for action in (f"dynamodb:{action}" for action in command.needs):
            needed.add(action)
            refused = lacking[action].run(*elsewhere) if action in lacking else "nothing: the policy lacks it"
            check(f"without {action} alone, so is {name}",
                  action in lacking and is_refused(refused, action), refused)
        done = operator.run(*arguments())
        status = api.call("GET", f"/{command.status[0]}").status if command.status else None
        check(f"with the policy {group}, {name} is done",
              done.code == 0 and command.says in done.stdout + done.stderr
              and (command.status is None or status == command.status[1]), f"{done}\n        and {status}")
        identifier = re.search(r"--undo (\w+)", done.stdout + done.stderr)
        values["id"] = identifier[1] if identifier else values["id"]
    check(f"each action of the policy {group} is needed", set(allowed) - {OPTIONAL} == needed,
          f"{allowed}, but {sorted(needed)} are needed")
    return operator


def cross(check, operators, stack, table):
    """Checks that a policy of one group does not do for another, nor for `--stack`."""
    for group, command, action in [("Read", "links withdraw operated", "UpdateItem"),
                                   ("Read", "keys create foreign --owner web", "PutItem"),
                                   ("Keys", "links list --owner web", "Query"),
                                   ("Doctor", "links list", "GetItem")]:
        refused = operators[group].run(*command.split(" "), "--table", table)
        check(f"with the policy {group}, `{command}` is refused",
              is_refused(refused, f"dynamodb:{action}"), refused)
    reader = operators["Read"]
    refused = reader.run("links", "list", "--stack", stack)
    check("--stack needs one action more, which the refusal names",
          is_refused(refused, "cloudformation:DescribeStacks"), refused)
    reader.grant({"Version": "2012-10-17", "Statement": [{
        "Effect": "Allow", "Action": ["cloudformation:DescribeStacks"],
        "Resource": f"arn:aws:cloudformation:{REGION}:{ACCOUNT}:stack/{stack}/*"}]}, "stack")
    listed = reader.run("links", "list", "--stack", stack)
    check("with that action on the stack, its links are listed", listed.code == 0 and "operated" in listed.stdout, listed)


def try_out(check, aws, stack, outputs):
    """Checks that `smoke` succeeds with a key, and says why it fails without one, or where there is no such service."""
    url = f"{aws.url}/_aws/execute-api/{outputs['ApiId']}/$default"
    created = run(aws.env, "keys", "create", "smoke", "--owner", "smoke", "--stack", stack, "--endpoint-url", aws.url)
    key = {"SHORTLINK_KEY": created.stdout.strip()}
    tried = run({**aws.env, **key}, "smoke", url)
    check("`smoke` creates a link, follows it, looks at it, and ends it", tried.code == 0
          and [line.split()[0] for line in tried.stdout.splitlines()] == ["ok"] * 7, tried)
    for name, env, address, reason in [
            ("without a key", aws.env, url, "401 Unauthorized"),
            ("with a wrong key", {**aws.env, "SHORTLINK_KEY": "sl_" + "0" * 64}, url, "401 Unauthorized"),
            ("of an API that is not there", {**aws.env, **key}, url.replace(outputs["ApiId"], "absent"), "404 Not Found")]:
        failed = run(env, "smoke", address)
        check(f"`smoke` {name} fails, and says why",
              failed.code == 1 and failed.stdout.startswith("FAIL") and reason in failed.stdout, failed)
