"""Receives at a UNIX datagram socket, which Node cannot; prints one JSON line for each message. The first argument is its path, or
@name; lines on standard input are numbers of messages to read, after which it waits for the next."""
import base64, fcntl, hashlib, json, os, socket, sys

address = sys.argv[1]
receiver = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
receiver.bind("\0" + address[1:] if address.startswith("@") else address)
print(json.dumps({"bound": True}), flush=True)
for line in sys.stdin:
    for _ in range(int(line)):
        data, descriptors, _flags, _peer = socket.recv_fds(receiver, 1 << 20, 1)
        said = {"data": base64.b64encode(data).decode(), "sealed": None, "seals": 0}
        for fd in descriptors:
            size = os.fstat(fd).st_size
            said["sealed"] = hashlib.sha256(os.pread(fd, size, 0)).hexdigest()
            said["seals"] = fcntl.fcntl(fd, fcntl.F_GET_SEALS)
            os.close(fd)
        print(json.dumps(said), flush=True)
