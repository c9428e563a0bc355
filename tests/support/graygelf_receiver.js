// Receives GELF over UDP with graygelf's server, and writes each message as it understood it, one a line.
const [, , server, port] = process.argv
const receiver = require(server)()
receiver.on('message', (message) => process.stdout.write(JSON.stringify(message) + '\n'))
receiver.listen(Number(port), '127.0.0.1')
receiver._udp.on('listening', () => process.stdout.write('"ready"\n'))
