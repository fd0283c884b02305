// GetItem, 301.
import { DynamoDBClient, GetItemCommand } from "@aws-sdk/client-dynamodb";

const client = new DynamoDBClient({});

export const handler = async (event) => {
  const { Item } = await client.send(
    new GetItemCommand({
      TableName: process.env.TABLE_NAME,
      Key: { shortCode: { S: event.pathParameters.code } },
    }),
  );
  return Item ? { statusCode: 301, headers: { location: Item.originalUrl.S } } : { statusCode: 404 };
};
