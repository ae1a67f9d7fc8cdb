"""Publishes CloudEvents to the topic domain.events with nothing but a Kafka client: one in binary mode (attributes are
headers), one in structured mode (the value is the event).

pip install -r requirements.txt && BROKERS=localhost:9092 python produce.py [order]
"""

import json
import os
import sys
import uuid
from datetime import datetime, timezone

from kafka import KafkaProducer

order = sys.argv[1] if len(sys.argv) > 1 else str(uuid.uuid4())
now = datetime.now(timezone.utc).isoformat(timespec="milliseconds").replace("+00:00", "Z")
data = {"order": order, "total": 12.5}

# acks "all": a record is there when most of the brokers have it. Sluice records one event per (app, source, id), so give
# an event the same id however often you send it.
producer = KafkaProducer(bootstrap_servers=os.environ.get("BROKERS", "localhost:9092").split(","), acks="all", retries=5)


def send(value: dict, headers: dict) -> None:
    # The key decides the partition: events of one order stay in their order.
    future = producer.send(
        "domain.events",
        key=order.encode(),
        value=json.dumps(value).encode(),
        headers=[(name, text.encode()) for name, text in headers.items()],
    )
    future.get(timeout=30)  # raises when it was not accepted


attributes = {
    "specversion": "1.0",
    "source": "/shop/python",
    "subject": order,
    "time": now,
}
placed = {**attributes, "id": f"{order}/placed", "type": "order.placed"}
paid = {**attributes, "id": f"{order}/paid", "type": "order.paid"}

send(data, {"content-type": "application/json", **{f"ce_{name}": text for name, text in placed.items()}})
send({**paid, "data": data}, {"content-type": "application/cloudevents+json; charset=utf-8"})
producer.close()
print(f"published order.placed and order.paid of {order}")
