"""Archives logs in a bucket, in one piece and in parts, asks which there are, and puts a message into a queue."""

import io
import os

import boto3
import botocore.config
import botocore.exceptions

BASE = f"https://{os.environ['HOST']}:{os.environ['AWS']}"
SESSION = boto3.Session("AKIDEXAMPLE", "hidden", region_name="eu-central-1")
CONFIG = botocore.config.Config(s3={"addressing_style": "path"}, connect_timeout=10, retries={"max_attempts": 1})


def main():
    bucket = SESSION.client("s3", endpoint_url=BASE, verify="/action/ca.pem", config=CONFIG)
    put = bucket.put_object(Bucket="logs", Key="2026/11/30 ü.json", Body=b'{"level":"error"}\n' * 1000)
    got = bucket.get_object(Bucket="logs", Key="2026/11/30 ü.json")
    bucket.upload_fileobj(io.BytesIO(b"x" * 10_000_000), "logs", "large")
    pages = bucket.get_paginator("list_objects_v2").paginate(Bucket="logs", Prefix="2026/")
    listed = [[found["Key"], found["Size"]] for page in pages for found in page["Contents"]]
    try:
        bucket.head_object(Bucket="logs", Key="missing")
    except botocore.exceptions.ClientError as error:
        missing = error.response["Error"]["Code"]
    try:
        SESSION.client("s3", endpoint_url=BASE, config=CONFIG).head_object(Bucket="logs", Key="missing")
    except botocore.exceptions.SSLError:
        unknown = "SSLError"
    signed = bucket.generate_presigned_url("get_object", Params={"Bucket": "logs", "Key": "a"}, ExpiresIn=60)
    queue = SESSION.client("sqs", endpoint_url=BASE, verify="/action/ca.pem", config=CONFIG)
    sent = queue.send_message(QueueUrl=f"{BASE}/1234/alerts", MessageBody="42 errors")
    return {
        "etag": put["ETag"],
        "body": got["Body"].read().decode(),
        "listed": listed,
        "missing": missing,
        "unknown": unknown,
        "signed": signed.startswith(f"{BASE}/logs/a?") and "Signature=" in signed,
        "message": sent["MessageId"],
    }
