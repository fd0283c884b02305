"""People with IAM users, whose policies the emulator enforces, and the program that they run."""

import json
import subprocess
from collections import namedtuple

from environment import ROOT

PROGRAM = ["cargo", "run", "--quiet", "--locked", "--"]


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
