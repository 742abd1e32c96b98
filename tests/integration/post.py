# SPDX-License-Identifier: Apache-2.0
"""Post to the web example, properly or not: post.py URL [options]; a line of JSON for each answer."""
import argparse
import http.client
import json
import threading
import urllib.parse

parser = argparse.ArgumentParser()
parser.add_argument("url")
parser.add_argument("--code", default="")
parser.add_argument("--repeat", type=int, help="code of so many bytes")
parser.add_argument("--body")
parser.add_argument("--path", default="/run")
parser.add_argument("--header", action="append", default=[])
parser.add_argument("--times", type=int, default=1, help="so many at the same time")
options = parser.parse_args()

place = urllib.parse.urlsplit(options.url).netloc
code = "#" * options.repeat if options.repeat else options.code
body = (options.body or json.dumps({"code": code})).encode()
headers = {"Host": place, "Content-Type": "application/json", "Content-Length": str(len(body))}
headers |= dict(word.split("=", 1) for word in options.header)


def post():
    connection = http.client.HTTPConnection(place, timeout=100)
    connection.putrequest("POST", options.path, skip_host=True, skip_accept_encoding=True)
    for name, value in headers.items():
        connection.putheader(name, value)
    connection.endheaders(body)
    answer = connection.getresponse()
    text = answer.read()
    print(json.dumps({"status": answer.status, "headers": {k.lower(): v for k, v in answer.getheaders()},
                      "body": json.loads(text)}), flush=True)


threads = [threading.Thread(target=post) for _ in range(options.times)]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
