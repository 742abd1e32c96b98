"""Does what it should: reads its input, writes its answer."""
import json
import sys

print(json.dumps({"answer": sum(json.load(sys.stdin)["numbers"])}))
