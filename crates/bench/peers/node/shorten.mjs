// PutItem, 201.
import { randomBytes } from "node:crypto";
import { DynamoDBClient, PutItemCommand } from "@aws-sdk/client-dynamodb";

const client = new DynamoDBClient({});

export const handler = async (event) => {
  const { url } = JSON.parse(event.body);
  const code = randomBytes(5).toString("hex");
  await client.send(
    new PutItemCommand({
      TableName: process.env.TABLE_NAME,
      Item: {
        shortCode: { S: code },
        originalUrl: { S: url },
        createdAt: { N: String(Math.floor(Date.now() / 1000)) },
      },
      ConditionExpression: "attribute_not_exists(shortCode)",
    }),
  );
  return {
    statusCode: 201,
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ short: `/${code}` }),
  };
};
