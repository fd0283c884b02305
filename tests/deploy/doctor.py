"""`shortlink doctor`, on a deployed stack whose settings are broken one by one."""

import contextlib

from iam_user import Operator, actions, run, without

# The host of the short URLs. `smoke` reaches the API with a path of this host, since few systems resolve the
# emulator's names below `localhost`.
BASE_URL = "https://127.0.0.1"
EMAIL = "operator@example.com"
# The emulator does not pass these settings of the template on to its table.
NOT_DEPLOYED = {"ttl", "point-in-time-recovery"}
# The emulator takes no request for this action.
NOT_ENFORCED = "lambda:GetAccountSettings"


def found_by(doctor):
    """The checks that a run of `doctor` names."""
    return {line.split(":")[0] for line in doctor.stdout.splitlines() if line and not line.startswith(" ")}


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
