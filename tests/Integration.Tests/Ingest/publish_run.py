#!/usr/bin/env python3
"""A run of your own that balances: plain paho-mqtt, identities, and sending again until acknowledged.

usage: publish_run.py HOST PORT USER PASSWORD RUN READINGS
"""
import datetime
import json
import sys
import threading

import paho.mqtt.client as mqtt
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties

host, port, user, password, run, count = sys.argv[1], int(sys.argv[2]), sys.argv[3], sys.argv[4], sys.argv[5], int(sys.argv[6])
address = f"acks/{run}"  # where Tally says what is stored
start = datetime.datetime.now(datetime.timezone.utc).replace(microsecond=0)
devices = ["kitchen", "hall"]

# What there is to publish: a topic and a payload for each identity. A reading sent again is the same to the byte.
readings = {}
for number in range(count):
    device, seq = devices[number % len(devices)], number // len(devices) + 1
    at = (start + datetime.timedelta(seconds=seq)).isoformat()
    payload = json.dumps({"run": run, "seq": seq, "at": at, "value": 20 + seq / 10, "unit": "Cel"})
    readings[device, seq] = (f"telemetry/{device}/temperature", payload)

announced, changed = set(), threading.Condition()


def on_message(client, userdata, message):
    said = json.loads(message.payload)
    with changed:
        for series in said.get("stored", []) + said.get("rejected", []):
            for first, last in series["ranges"]:
                for seq in range(first, last + 1):
                    readings.pop((series["device"], seq), None)
        announced.add(said.get("announced"))
        changed.notify()


def properties():
    asked = Properties(PacketTypes.PUBLISH)
    asked.ResponseTopic = address
    return asked


def announce(state):
    said = {"run": run, "state": state, "expected": count, "devices": 0, "metric": "temperature", "unit": "Cel", "qos": 1, "source": "paho",
            "seed": 0, "start": start.isoformat(), "stepMicroseconds": 1000000}
    if state == "finished":
        said["published"] = count
    until(lambda: state in announced, lambda: client.publish(f"runs/{run}", json.dumps(said), qos=1, properties=properties()))


def until(done, send):
    """Sends again every ten seconds until it is done: whatever broke meanwhile, nothing is stored twice."""
    with changed:
        while not done():
            send()
            changed.wait_for(done, timeout=10)


def send_open():
    for topic, payload in list(readings.values()):
        client.publish(topic, payload, qos=1, properties=properties())


options = {"client_id": f"run-{run}", "protocol": mqtt.MQTTv5}
client = mqtt.Client(mqtt.CallbackAPIVersion.VERSION2, **options) if hasattr(mqtt, "CallbackAPIVersion") else mqtt.Client(**options)
client.username_pw_set(user, password)
client.on_message = on_message
client.connect(host, port)
client.subscribe(address, qos=1)
client.loop_start()

announce("started")
until(lambda: not readings, send_open)
announce("finished")
print(f"{count} readings of run {run} are acknowledged")

client.loop_stop()
client.disconnect()
