package dev.jubilee.events.rabbitmq;

import com.rabbitmq.client.Channel;
import com.rabbitmq.client.Connection;
import com.rabbitmq.client.ConnectionFactory;
import com.rabbitmq.client.ShutdownSignalException;
import com.rabbitmq.client.SocketConfigurators;
import java.io.IOException;
import java.net.Socket;
import java.time.Duration;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A connection that whoever asks for a channel makes again after it was lost. What was opened on
 * the lost one is gone: the client's own recovery is off, because it gives up a consumer that the
 * server refuses while it starts. Thread-safe.
 */
final class RabbitConnection implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(RabbitConnection.class);

    private static final int CONNECT_MILLIS = 10_000;
    private static final int HEARTBEAT_SECONDS = 15;
    private static final int ANSWER_MILLIS = 30_000;
    private static final int CLOSE_MILLIS = 5000;

    private final ConnectionFactory factory;
    private final String name;

    /** A subscription whose workers are full holds up its own thread, and nobody else's. */
    private final ExecutorService consumers = Executors.newVirtualThreadPerTaskExecutor();

    private final ReentrantLock lock = new ReentrantLock();
    private @Nullable Connection connection;
    private volatile @Nullable Socket socket;
    private boolean closed;

    /** Connects when the first channel is opened. */
    RabbitConnection(RabbitSettings settings, String name) {
        this.factory = new ConnectionFactory();
        this.name = name;
        factory.setHost(settings.host());
        factory.setPort(settings.port());
        factory.setUsername(settings.username());
        factory.setPassword(settings.password());
        factory.setVirtualHost(settings.virtualHost());
        factory.setAutomaticRecoveryEnabled(false);
        factory.setTopologyRecoveryEnabled(false);
        factory.setConnectionTimeout(CONNECT_MILLIS);
        factory.setRequestedHeartbeat(HEARTBEAT_SECONDS);
        factory.setChannelRpcTimeout(ANSWER_MILLIS);
        factory.setSharedExecutor(consumers);
        factory.setSocketConfigurator(made -> {
            SocketConfigurators.defaultConfigurator().configure(made);
            socket = made;
        });
    }

    /**
     * Opens a channel, on a new connection if need be.
     *
     * @throws IOException if the server does not answer at present
     */
    Channel channel() throws IOException {
        try {
            Channel channel = current().createChannel();
            if (channel == null) {
                throw new IOException("RabbitMQ allows no more channels on this connection");
            }
            return channel;
        } catch (ShutdownSignalException e) {
            throw new IOException(e);
        } catch (TimeoutException e) {
            throw new IOException("RabbitMQ did not answer", e);
        }
    }

    /**
     * Deletes a queue that may be this connection's alone, if it is still open: else the server has
     * deleted it.
     */
    void deleteOwn(String queue) throws IOException {
        Connection open;
        lock.lock();
        try {
            open = connection;
        } finally {
            lock.unlock();
        }
        if (open != null && open.isOpen()) {
            Channel channel = channel();
            try {
                channel.queueDelete(queue);
            } finally {
                abandon(channel);
            }
        }
    }

    /** Such as {@code 4.1.2}. */
    String serverVersion() throws IOException {
        try {
            return String.valueOf(current().getServerProperties().get("version"));
        } catch (TimeoutException e) {
            throw new IOException("RabbitMQ did not answer", e);
        }
    }

    private Connection current() throws IOException, TimeoutException {
        lock.lock();
        try {
            if (closed) {
                throw new IOException("the bus is closed");
            }
            Connection at = connection;
            if (at == null || !at.isOpen()) {
                at = factory.newConnection(name);
                connection = at;
            }
            return at;
        } finally {
            lock.unlock();
        }
    }

    /**
     * Closes a channel without waiting: the server may owe it an answer for a long time, and would
     * deliver to it meanwhile if it were only forgotten.
     */
    static void abandon(Channel channel) {
        Thread.ofVirtual()
                .start(() -> {
                    try {
                        channel.abort();
                    } catch (IOException | RuntimeException e) {
                        LOG.debug("the channel is gone already: {}", e.toString());
                    }
                });
    }

    @Override
    public void close() {
        @Nullable Connection last;
        lock.lock();
        try {
            closed = true;
            last = connection;
        } finally {
            lock.unlock();
        }
        if (last != null) {
            close(last);
        }
        consumers.shutdown();
    }

    /** A server that reads no more, because it has no room, would not even read our farewell. */
    private void close(Connection last) {
        Thread farewell = Thread.ofVirtual().start(() -> last.abort(CLOSE_MILLIS));
        Socket used = socket;
        try {
            if (!farewell.join(Duration.ofMillis(CLOSE_MILLIS)) && used != null) {
                used.close();
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        } catch (IOException e) {
            LOG.debug("the connection is gone already: {}", e.toString());
        }
    }
}
