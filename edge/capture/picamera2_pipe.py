"""Run by the system's Python on a Raspberry Pi: raw BGR pictures of picamera2 on stdout. WIDTH HEIGHT FPS.

It stands alone, because that Python knows nothing of this package.
"""

import os
import sys


def main() -> None:
    """Write pictures until nobody reads them."""
    try:
        from picamera2 import Picamera2  # type: ignore[import-not-found]  # only on a Raspberry Pi
    except ImportError as error:
        sys.exit(f"picamera2 cannot be imported: {error}; install python3-picamera2")
    width, height, rate = int(sys.argv[1]), int(sys.argv[2]), float(sys.argv[3])
    camera = Picamera2()
    # "RGB888" is libcamera's name for B, G, R in memory.
    camera.configure(
        camera.create_video_configuration({"size": (width, height), "format": "RGB888"}, controls={"FrameRate": rate})
    )
    camera.start()
    while True:
        picture = camera.capture_array()[:height, :width, :3]
        data = memoryview(picture.tobytes())
        while data:
            data = data[os.write(1, data) :]


if __name__ == "__main__":
    main()
