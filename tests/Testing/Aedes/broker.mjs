// usage: node broker.mjs DIRECTORY PORT     (PASSWORDS in the environment: {"user":"password", …})
// aedes, an MQTT 3.1.1 broker, on 127.0.0.1, with users. DIRECTORY is where npm has put it.
import net from 'node:net'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'

const [directory, port] = process.argv.slice(2)
const passwords = JSON.parse(process.env.PASSWORDS)
const { Aedes } = await import(pathToFileURL(join(directory, 'node_modules', 'aedes', 'aedes.js')))

const broker = await Aedes.createBroker({
  concurrency: 100_000, // one subscriber that does not read must not stop the others
  maxInflightInbound: 0,
})

broker.authenticate = (client, user, password, callback) => {
  if (user in passwords && password?.toString() === passwords[user]) return callback(null, true)
  const refused = new Error('bad user name or password')
  refused.returnCode = 4
  callback(refused, false)
}

net.createServer({ noDelay: true }, broker.handle).listen(Number(port), '127.0.0.1', () => console.log('ready'))
process.on('SIGTERM', () => process.exit(0))
