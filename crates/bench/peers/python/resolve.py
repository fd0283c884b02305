"""GetItem, 301."""

import os

import boto3

table = boto3.resource("dynamodb").Table(os.environ["TABLE_NAME"])


def handler(event, context):
    item = table.get_item(Key={"shortCode": event["pathParameters"]["code"]}).get("Item")
    if item is None:
        return {"statusCode": 404}
    return {"statusCode": 301, "headers": {"location": item["originalUrl"]}}
