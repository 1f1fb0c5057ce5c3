package dev.jubilee.server.database;

import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import javax.sql.DataSource;
import org.postgresql.PGConnection;
import org.postgresql.PGNotification;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * News between instances that something changed, by PostgreSQL's NOTIFY: sent in the transaction of
 * the change, heard by every instance within milliseconds of its commit. A lost connection heals,
 * and every subject is then announced with an empty id: whoever keeps a cache of it must drop all.
 * Thread-safe.
 */
public final class ChangeFeed implements AutoCloseable {
    private static final Logger log = LoggerFactory.getLogger(ChangeFeed.class);
    private static final String CHANNEL = "jubilee_changes";
    private static final Duration POLL = Duration.ofSeconds(1);

    /** After so many polls without news it is asked whether anybody is still there. */
    private static final int SILENT_POLLS = 5;

    private static final int ANSWER_SECONDS = 3;

    private final DataSource dataSource;
    private final int pollMillis;
    private final Map<String, List<Consumer<String>>> listeners = new ConcurrentHashMap<>();
    private final Map<String, Long> due = new ConcurrentHashMap<>();
    private final CountDownLatch listening = new CountDownLatch(1);
    private final Thread thread;
    private volatile boolean closed;

    /**
     * @param dataSource one connection of it is kept
     */
    public ChangeFeed(DataSource dataSource) {
        this(dataSource, POLL);
    }

    ChangeFeed(DataSource dataSource, Duration poll) {
        this.dataSource = dataSource;
        this.pollMillis = Math.toIntExact(poll.toMillis());
        this.thread = Thread.ofPlatform().name("change-feed").daemon().unstarted(this::run);
    }

    /**
     * Starts to listen; returns once changes are heard, or PostgreSQL has not answered for five
     * seconds.
     */
    public void start() {
        thread.start();
        try {
            if (!listening.await(5, TimeUnit.SECONDS)) {
                log.warn("PostgreSQL does not answer yet; changes will be heard once it does");
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    /** Announces that something changed; heard when the connection's transaction commits. */
    public static void announce(Connection connection, String subject, String id)
            throws SQLException {
        try (PreparedStatement statement = connection.prepareStatement("SELECT pg_notify(?, ?)")) {
            statement.setString(1, CHANNEL);
            statement.setString(2, subject + " " + id);
            statement.execute();
        }
    }

    /**
     * Hears of changes; the id is empty when any of the subject may have changed. Listeners must be
     * quick.
     */
    public void on(String subject, Consumer<String> listener) {
        listeners.computeIfAbsent(subject, s -> new CopyOnWriteArrayList<>()).add(listener);
    }

    /**
     * Announces the subject once more, here and in about a second: for who heard of a change and
     * could not read it. Until the feed is closed.
     */
    public void repeat(String subject) {
        due.put(subject, System.nanoTime() + POLL.toNanos());
    }

    private void tellAgain() {
        long now = System.nanoTime();
        due.forEach((subject, at) -> {
            if (now - at >= 0 && due.remove(subject, at)) {
                tell(subject, "");
            }
        });
    }

    @Override
    public void close() {
        closed = true;
        thread.interrupt();
    }

    private void run() {
        boolean reconnecting = false;
        while (!closed) {
            try (Connection connection = dataSource.getConnection()) {
                try (Statement statement = connection.createStatement()) {
                    statement.execute("LISTEN " + CHANNEL);
                }
                listening.countDown();
                if (reconnecting) {
                    listeners.forEach((subject, all) -> tell(subject, ""));
                }
                hear(connection);
            } catch (SQLException e) {
                if (!closed) {
                    reconnecting = true;
                    log.warn("lost the change feed, reconnecting: {}", e.getMessage());
                    pause();
                }
            }
        }
    }

    private void hear(Connection connection) throws SQLException {
        PGConnection postgres = connection.unwrap(PGConnection.class);
        int silent = 0;
        while (!closed) {
            PGNotification[] news = postgres.getNotifications(pollMillis);
            tellAgain();
            if (news == null || news.length == 0) {
                // A connection that was dropped on the way is as silent as one without news.
                silent++;
                if (silent % SILENT_POLLS == 0 && !connection.isValid(ANSWER_SECONDS)) {
                    throw new SQLException("PostgreSQL does not answer");
                }
                continue;
            }
            silent = 0;
            for (PGNotification one : news) {
                String[] parts = one.getParameter().split(" ", 2);
                tell(parts[0], parts.length > 1 ? parts[1] : "");
            }
        }
    }

    private void tell(String subject, String id) {
        for (Consumer<String> listener : listeners.getOrDefault(subject, List.of())) {
            try {
                listener.accept(id);
            } catch (RuntimeException e) {
                log.error("a listener to changes of {} failed", subject, e);
            }
        }
    }

    private static void pause() {
        try {
            TimeUnit.MILLISECONDS.sleep(500);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}
