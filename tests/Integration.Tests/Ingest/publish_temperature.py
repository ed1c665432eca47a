#!/usr/bin/env python3
"""A sensor that knows nothing of Tally: plain paho-mqtt, plain text, QoS 1.

usage: publish_temperature.py HOST PORT USER PASSWORD
"""
import sys

import paho.mqtt.client as mqtt

host, port, user, password = sys.argv[1], int(sys.argv[2]), sys.argv[3], sys.argv[4]

# paho-mqtt 2 asks which signatures callbacks have; paho-mqtt 1 does not know the question.
client = mqtt.Client(mqtt.CallbackAPIVersion.VERSION2) if hasattr(mqtt, "CallbackAPIVersion") else mqtt.Client()
client.username_pw_set(user, password)
client.connect(host, port)
client.loop_start()

for topic, text in [("home/temperature", "Temperature: 23.5°C"), ("Building/Temperature", "messages: 17")]:
    client.publish(topic, text, qos=1).wait_for_publish()
    print(f"{topic}: {text}")

client.loop_stop()
client.disconnect()
