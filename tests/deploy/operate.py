"""What the operator does with a deployed stack: `shortlink doctor`, `shortlink smoke`, and each group of commands with
the policy that crates/cli/README.md has for it, which the emulator enforces."""

import contextlib
import json
import re
import subprocess
from collections import namedtuple
from pathlib import Path

from environment import REGION, ROOT, SCRATCH

PROGRAM = ["cargo", "run", "--quiet", "--locked", "--"]
README = ROOT / "crates/cli/README.md"
ACCOUNT = "000000000000"  # the emulator's
# The host of the short URLs. `smoke` reaches the API with a path of this host, since few systems resolve the
# emulator's names below `localhost`.
BASE_URL = "https://127.0.0.1"
EMAIL = "operator@example.com"
TARGET_URL = "https://example.com/operated"
# The emulator does not pass these settings of the template on to its table.
NOT_DEPLOYED = {"ttl", "point-in-time-recovery"}
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
        Command("export --output {export}", "links are in", ["Scan"]),
        Command("export --format csv --output {table}", "links are in", ["Scan"]),
        Command("export --output {refused} --resume", "links are in"),
    ],
    "Import": [
        Command("import {list}", "1 are new", [], ("imported", 404)),
        Command("import {list} --apply", "1 were written", ["PutItem"], ("imported", 301)),
        Command("import --undo {id}", "of the import", ["Scan", "DeleteItem"], ("imported", 404)),
    ],
    "Doctor": [],  # `examine` uses it.
}
# A command goes on without it, and then shows no time left.
OPTIONAL = "dynamodb:DescribeTable"
# The emulator takes no request for this action.
NOT_ENFORCED = "lambda:GetAccountSettings"


class Ran(namedtuple("Ran", "code stdout stderr")):
    """A command that has ended."""

    def __str__(self):
        return f"{self.code} {self.stdout[-500:]!r} {self.stderr[-500:]!r}"


class Operator:
    """A person with an IAM user, who runs `shortlink`."""

    def __init__(self, aws, name, policy=None):
        iam, self.aws, self.name = aws.client("iam"), aws, name
        iam.create_user(UserName=name)
        self.grant(policy)
        key = iam.create_access_key(UserName=name)["AccessKey"]
        self.env = {**aws.env, "AWS_ACCESS_KEY_ID": key["AccessKeyId"],
                    "AWS_SECRET_ACCESS_KEY": key["SecretAccessKey"]}

    def grant(self, policy, name="group"):
        if policy:
            self.aws.client("iam").put_user_policy(UserName=self.name, PolicyName=name,
                                                   PolicyDocument=json.dumps(policy))

    def run(self, *arguments):
        return run(self.env, *arguments, "--endpoint-url", self.aws.url)


def run(env, *arguments):
    """Runs `shortlink`."""
    done = subprocess.run([*PROGRAM, *arguments], cwd=ROOT, env=env, stdin=subprocess.DEVNULL, text=True,
                          capture_output=True)
    return Ran(done.returncode, done.stdout, done.stderr)


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


def without(policy, action):
    """A policy that does not allow this action."""
    statements = []
    for statement in policy["Statement"]:
        actions = [name for name in statement["Action"] if statement["Effect"] == "Deny" or name != action]
        statements += [{**statement, "Action": actions}] if actions else []
    return {**policy, "Statement": statements}


def actions(policy):
    """The actions that a policy allows, in order."""
    return sorted({action for statement in policy["Statement"] if statement["Effect"] == "Allow"
                   for action in statement["Action"]})


def found_by(doctor):
    """The checks that a run of `doctor` names."""
    return {line.split(":")[0] for line in doctor.stdout.splitlines() if line and not line.startswith(" ")}


def is_refused(ran, action):
    """Whether a command was refused with one sentence that names the action."""
    named = re.search(rf"\b{action}\b", ran.stderr)
    return ran.code == 1 and named is not None and len(ran.stderr.strip().splitlines()) == 1


def operate(check, aws, api, stack, outputs, redeploy):
    """Checks the operator's commands on a stack with the door `key`, the base URL `BASE_URL`, and alarms for `EMAIL`.
    `redeploy` deploys it with another version or other parameters."""
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
    operator, allowed = Operator(aws, f"operator-{group.lower()}", policy), actions(policy)
    lacking = {action: Operator(aws, f"{operator.name}-lacks-{action.replace(':', '-')}", without(policy, action))
               for action in allowed}
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


def examine(check, aws, operator, nobody, stack, outputs, policy, redeploy):
    """Checks that `doctor` names what is off, and nothing else."""
    table, dynamodb = outputs["TableName"], aws.client("dynamodb")

    def doctor(*arguments):
        return operator.run("doctor", *(arguments or ["--stack", stack]))

    # The emulator has the text "true", which only boto3 takes for the value.
    protected = dynamodb.describe_table(TableName=table)["Table"].get("DeletionProtectionEnabled")
    check("the table of the stack has deletion protection", protected in (True, "true"), protected)
    dynamodb.update_table(TableName=table, DeletionProtectionEnabled=protected in (True, "true"))
    first = doctor()
    check("after the deployment, `doctor` names exactly what the emulator leaves out",
          first.code == 1 and found_by(first) == NOT_DEPLOYED, first)
    mend(dynamodb, table)
    healthy = doctor()
    check("then nothing is off", healthy.code == 0 and healthy.stdout.startswith("Nothing is off: ")
          and len(healthy.stdout.splitlines()) == 1 and healthy.stderr == "", healthy)
    for name, expected, breakage in breakages(aws, stack, outputs, redeploy):
        with breakage:
            broken = doctor()
            check(f"`doctor` names {name}", broken.code == 1 and found_by(broken) == expected, broken)
            ignored = doctor("--stack", stack, *(word for one in expected for word in ("--ignore", one)))
            check(f"... and not with --ignore {' '.join(sorted(expected))}", ignored.code == 0, ignored)
    healthy = doctor()
    check("all of that is mended", healthy.code == 0, healthy)

    dynamodb.create_table(TableName="restored", BillingMode="PAY_PER_REQUEST",
                          AttributeDefinitions=[{"AttributeName": "shortCode", "AttributeType": "S"}],
                          KeySchema=[{"AttributeName": "shortCode", "KeyType": "HASH"}])
    refused = doctor("--table", "restored")
    about_table = {"ttl", "point-in-time-recovery", "deletion-protection", "index"}
    check("what `doctor` may not read of another table is named", refused.code == 1 and found_by(refused) == about_table
          and refused.stdout.count("do not allow dynamodb:Describe") == len(about_table), refused)
    restored = run(aws.env, "doctor", "--table", "restored", "--endpoint-url", aws.url)
    check("`doctor --table` names what a restored table lacks",
          restored.code == 1 and found_by(restored) == about_table and "could not" not in restored.stdout, restored)
    mend(dynamodb, "restored")
    dynamodb.update_table(TableName="restored", DeletionProtectionEnabled=True)
    mended = run(aws.env, "doctor", "--table", "restored", "--endpoint-url", aws.url)
    check("once that is set, only the index is missing", mended.code == 1 and found_by(mended) == {"index"}, mended)
    absent = run(aws.env, "doctor", "--stack", "absent", "--endpoint-url", aws.url)
    check("a stack that does not exist is named", absent.code == 1 and "absent" in absent.stderr, absent)

    for arguments, action in [(["--stack", stack], "cloudformation:DescribeStacks"),
                              (["--table", table], "dynamodb:DescribeTable")]:
        refused = nobody.run("doctor", *arguments)
        check(f"without a policy, `doctor {arguments[0]}` names the missing action {action}",
              refused.code == 1 and action in refused.stdout + refused.stderr, refused)
    for action in actions(policy):
        if action == NOT_ENFORCED:
            continue
        lacking = Operator(aws, "lacks-" + action.replace(":", "-"), without(policy, action))
        refused = lacking.run("doctor", "--stack", stack)
        check(f"without the action {action}, `doctor` names it and does not take that for fine",
              refused.code == 1 and action in refused.stdout + refused.stderr, refused)


def mend(dynamodb, table):
    """Sets what the emulator does not set, and what a restore does not set."""
    dynamodb.update_time_to_live(TableName=table,
                                 TimeToLiveSpecification={"Enabled": True, "AttributeName": "purgeAt"})
    dynamodb.update_continuous_backups(
        TableName=table, PointInTimeRecoverySpecification={"PointInTimeRecoveryEnabled": True})


def breakages(aws, stack, outputs, redeploy):
    """Settings that somebody has changed by hand: what it is, the checks that find it, and a context in which it is."""
    table, dynamodb, functions, logs = (outputs["TableName"], *map(aws.client, ["dynamodb", "lambda", "logs"]))

    @contextlib.contextmanager
    def between(change, back):
        change()
        try:
            yield
        finally:
            back()

    def protection(enabled):
        return lambda: dynamodb.update_table(TableName=table, DeletionProtectionEnabled=enabled)

    yield "a table without deletion protection", {"deletion-protection"}, between(protection(False), protection(True))

    def recovery(enabled):
        return lambda: dynamodb.update_continuous_backups(
            TableName=table, PointInTimeRecoverySpecification={"PointInTimeRecoveryEnabled": enabled})

    yield "a table without point-in-time recovery", {"point-in-time-recovery"}, between(recovery(False), recovery(True))

    def ttl(enabled, attribute="purgeAt"):
        return lambda: dynamodb.update_time_to_live(
            TableName=table, TimeToLiveSpecification={"Enabled": enabled, "AttributeName": attribute})

    yield "a table without TTL", {"ttl"}, between(ttl(False), ttl(True))
    yield "TTL on another attribute", {"ttl"}, between(ttl(True, "expiresAt"), ttl(True))

    def variable(output, name, value):
        function = outputs[output]
        before = functions.get_function_configuration(FunctionName=function)["Environment"]["Variables"]

        def update(variables):
            return lambda: functions.update_function_configuration(FunctionName=function,
                                                                   Environment={"Variables": variables})

        return between(update({**before, name: value}), update(before))

    yield "an open door", {"open-door"}, variable("ShortenFunction", "DOOR", "open")
    for output in ("ShortenFunction", "ResolveFunction"):
        for name, value in [("BASE_URL", "https://example.org"), ("TABLE_NAME", "another")]:
            yield f"another {name} of {output}", {"function-settings"}, variable(output, name, value)

    for group in (*(f"/aws/lambda/{outputs[output]}" for output in ("ShortenFunction", "ResolveFunction")),
                  f"/aws/vendedlogs/{stack}-access"):
        def days(group, number):
            return lambda: logs.put_retention_policy(logGroupName=group, retentionInDays=number)

        def for_ever(group):
            return lambda: logs.delete_retention_policy(logGroupName=group)

        yield f"the log {group} that is kept for ever", {"log-retention"}, between(for_ever(group), days(group, 30))
        yield f"the log {group} that is kept for a day", {"log-retention"}, between(days(group, 1), days(group, 30))

    sns = aws.client("sns")
    topic = aws.client("cloudformation").describe_stack_resource(
        StackName=stack, LogicalResourceId="AlarmTopic")["StackResourceDetail"]["PhysicalResourceId"]

    def unsubscribe():
        for subscription in sns.list_subscriptions_by_topic(TopicArn=topic)["Subscriptions"]:
            sns.unsubscribe(SubscriptionArn=subscription["SubscriptionArn"])

    def subscribe():
        sns.subscribe(TopicArn=topic, Protocol="email", Endpoint=EMAIL)

    yield "alarms that nobody gets", {"alarm-mail"}, between(unsubscribe, subscribe)

    yield "an older version, and short URLs that begin with http", {"base-url", "version"}, between(
        lambda: redeploy(version="0.0.1", BaseUrl=BASE_URL.replace("https:", "http:")), lambda: redeploy(BaseUrl=BASE_URL))


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
