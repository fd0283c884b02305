"""PutItem, 201."""

import json
import os
import secrets
import time

import boto3

table = boto3.resource("dynamodb").Table(os.environ["TABLE_NAME"])


def handler(event, context):
    url = json.loads(event["body"])["url"]
    code = secrets.token_hex(5)
    table.put_item(
        Item={"shortCode": code, "originalUrl": url, "createdAt": int(time.time())},
        ConditionExpression="attribute_not_exists(shortCode)",
    )
    return {
        "statusCode": 201,
        "headers": {"content-type": "application/json"},
        "body": json.dumps({"short": f"/{code}"}),
    }
