import path from 'node:path';

/** A second listener, with TLS and credentials. */
export interface SecuredListener {
  /** Certificate and key for `localhost`, as PEM. */
  cert: string;
  key: string;
  /** Known to SCRAM-SHA-256, SCRAM-SHA-512 and PLAIN. */
  username: string;
  password: string;
}

/** In a file of Java's properties a value has one line. */
const oneLine = (text: string): string => text.trim().replaceAll('\n', '\\n');

function securedProperties({ cert, key, username, password }: SecuredListener): Record<string, string> {
  const name = 'listener.name.secured';
  return {
    [`${name}.sasl.enabled.mechanisms`]: 'SCRAM-SHA-256,SCRAM-SHA-512,PLAIN',
    [`${name}.scram-sha-256.sasl.jaas.config`]: `${SECURITY}.scram.ScramLoginModule required;`,
    [`${name}.scram-sha-512.sasl.jaas.config`]: `${SECURITY}.scram.ScramLoginModule required;`,
    [`${name}.plain.sasl.jaas.config`]: `${SECURITY}.plain.PlainLoginModule required user_${username}="${password}";`,
    [`${name}.ssl.keystore.type`]: 'PEM',
    [`${name}.ssl.keystore.key`]: oneLine(key),
    [`${name}.ssl.keystore.certificate.chain`]: oneLine(cert),
  };
}
const SECURITY = 'org.apache.kafka.common.security';

/** How the storage is formatted so that SCRAM knows the user. */
export function scramArguments({ username, password }: SecuredListener): string[] {
  return ['SCRAM-SHA-256', 'SCRAM-SHA-512'].flatMap((mechanism) => [
    '--add-scram',
    `${mechanism}=[name=${username},password=${password}]`,
  ]);
}

/** One broker that is its own controller. Measured with 4.4.0: ready 1.5 s after its start, 150 MB. */
export function kafkaProperties(
  dir: string,
  port: number,
  controllerPort: number,
  secured?: SecuredListener & { port: number },
): string {
  const [listener, advertised, protocol] = secured
    ? [`,SECURED://127.0.0.1:${secured.port}`, `,SECURED://localhost:${secured.port}`, ',SECURED:SASL_SSL']
    : ['', '', ''];
  const properties: Record<string, string | number | boolean> = {
    'process.roles': 'broker,controller',
    'node.id': 1,
    'controller.quorum.voters': `1@127.0.0.1:${controllerPort}`, // static: no address is stored in the data
    listeners: `PLAINTEXT://127.0.0.1:${port},CONTROLLER://127.0.0.1:${controllerPort}${listener}`,
    'advertised.listeners': `PLAINTEXT://127.0.0.1:${port}${advertised}`,
    'listener.security.protocol.map': `PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT${protocol}`,
    'inter.broker.listener.name': 'PLAINTEXT',
    'controller.listener.names': 'CONTROLLER',
    'log.dirs': path.join(dir, 'data'),
    'auto.create.topics.enable': false, // a typo must not become a topic
    'num.partitions': 1,
    'default.replication.factor': 1,
    'min.insync.replicas': 1,
    'offsets.topic.replication.factor': 1,
    'offsets.topic.num.partitions': 1,
    'transaction.state.log.replication.factor': 1,
    'transaction.state.log.min.isr': 1,
    'transaction.state.log.num.partitions': 1,
    'group.initial.rebalance.delay.ms': 0,
    'group.min.session.timeout.ms': 1000,
    // How long the controller keeps a killed broker's registration: with the default of 9 s a restart takes 12 s.
    'broker.heartbeat.interval.ms': 400,
    'broker.session.timeout.ms': 2000,
    'num.network.threads': 2,
    'num.io.threads': 4,
    'log.cleaner.dedupe.buffer.size': 2_097_152, // the default takes 128 MB of heap at the start
    'log.index.size.max.bytes': 1_048_576,
    ...(secured ? securedProperties(secured) : {}),
  };
  return `${Object.entries(properties)
    .map(([name, value]) => `${name}=${value}`)
    .join('\n')}\n`;
}

/** Serial collector and C1 only: on two cores that others need too, it starts in half the time and takes half the memory. */
export const JAVA_OPTIONS = [
  '-Xms64m',
  '-Xmx384m',
  '-XX:+UseSerialGC',
  '-XX:TieredStopAtLevel=1',
  '-Xshare:auto',
  '-Dorg.slf4j.simpleLogger.defaultLogLevel=warn',
  '-Dorg.slf4j.simpleLogger.showDateTime=true',
  "-Dorg.slf4j.simpleLogger.dateTimeFormat=yyyy-MM-dd'T'HH:mm:ss.SSSXXX",
] as const;
