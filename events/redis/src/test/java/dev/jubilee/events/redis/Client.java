package dev.jubilee.events.redis;

import io.lettuce.core.codec.StringCodec;
import io.lettuce.core.output.StatusOutput;
import io.lettuce.core.protocol.CommandArgs;
import io.lettuce.core.protocol.CommandType;

/** The server's commands {@code CLIENT} and {@code ACL}, of which the driver knows a part. */
final class Client {
    private Client() {}

    static void command(RedisLink link, String... words) {
        send(link, CommandType.CLIENT, words);
    }

    static void acl(RedisLink link, String... words) {
        send(link, CommandType.ACL, words);
    }

    private static void send(RedisLink link, CommandType command, String... words) {
        CommandArgs<String, String> arguments = new CommandArgs<>(StringCodec.UTF8);
        for (String word : words) {
            arguments.add(word);
        }
        String unused =
                link.shared()
                        .sync()
                        .dispatch(command, new StatusOutput<>(StringCodec.UTF8), arguments);
    }
}
