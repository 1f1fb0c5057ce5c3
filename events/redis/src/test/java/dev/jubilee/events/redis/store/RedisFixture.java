package dev.jubilee.events.redis.store;

import dev.jubilee.events.redis.RedisAddress;
import dev.jubilee.events.redis.RedisLink;
import dev.jubilee.events.store.Checkpoints;
import dev.jubilee.events.store.DataKeys;
import dev.jubilee.events.store.EventStore;
import dev.jubilee.events.tck.EventStoreFixture;
import dev.jubilee.events.tck.servers.RedisServer;
import io.lettuce.core.event.command.CommandListener;
import io.lettuce.core.event.command.CommandStartedEvent;
import java.util.ArrayList;
import java.util.List;

/** A log with a prefix of its own. */
final class RedisFixture implements EventStoreFixture, AutoCloseable {
    final String prefix = "log_" + Long.toString(System.nanoTime(), 36);
    private final RedisServer server;
    private final List<RedisLink> links = new ArrayList<>();

    RedisFixture(RedisServer server) {
        this.server = server;
    }

    RedisLink link() {
        return link(new CommandListener() {});
    }

    private RedisLink link(CommandListener listener) {
        RedisLink made = RedisLink.to(new RedisAddress(server.uri()), listener);
        links.add(made);
        return made;
    }

    @Override
    public EventStore open() {
        return new RedisEventStore(link(), prefix);
    }

    /** Pauses whoever sends the script of an append, when everything before it is done. */
    @Override
    public EventStore openPausing(Runnable beforeCommit) {
        CommandListener pausing =
                new CommandListener() {
                    @Override
                    public void commandStarted(CommandStartedEvent event) {
                        if (event.getCommand().getType().toString().startsWith("EVAL")) {
                            beforeCommit.run();
                        }
                    }
                };
        return new AppendingElsewhere(new RedisEventStore(link(pausing), prefix));
    }

    @Override
    public Checkpoints checkpoints() {
        return new RedisCheckpoints(link(), prefix);
    }

    @Override
    public DataKeys dataKeys() {
        return new RedisDataKeys(link(), prefix);
    }

    @Override
    public void restart() {
        server.restart();
    }

    @Override
    public void close() {
        links.forEach(RedisLink::close);
    }
}
