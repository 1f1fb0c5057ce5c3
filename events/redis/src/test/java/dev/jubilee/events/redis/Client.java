package dev.jubilee.events.redis;

import io.lettuce.core.codec.StringCodec;
import io.lettuce.core.output.StatusOutput;
import io.lettuce.core.protocol.CommandArgs;
import io.lettuce.core.protocol.CommandType;

/** The server's command {@code CLIENT}, of which the driver knows a part. */
final class Client {
    private Client() {}

    static void command(RedisLink link, String... words) {
        CommandArgs<String, String> arguments = new CommandArgs<>(StringCodec.UTF8);
        for (String word : words) {
            arguments.add(word);
        }
        String unused =
                link.shared()
                        .sync()
                        .dispatch(
                                CommandType.CLIENT,
                                new StatusOutput<>(StringCodec.UTF8),
                                arguments);
    }
}
