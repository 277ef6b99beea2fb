"""MQTT: what is read goes to a broker, buttons come back; Home Assistant finds both by itself.

Off unless asked for: then captions leave the device, to the broker that the operator names. `edge.outputs.mqtt.paho`
needs paho-mqtt and is imported by whoever wants it.
"""

from edge.outputs.mqtt.output import Mqtt

__all__ = ["Mqtt"]
