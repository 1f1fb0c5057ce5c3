package dev.jubilee.server.embedded;

/**
 * Hears of an embedded server that died and of its return. Called from the thread that watches that
 * server.
 */
public interface ServerHealth {
    /** Listens to nothing. */
    ServerHealth IGNORED =
            new ServerHealth() {
                @Override
                public void down(String server, String reason) {}

                @Override
                public void up(String server) {}
            };

    /** The server is gone or did not come back; it is being restarted. */
    void down(String server, String reason);

    /** The server answers again. */
    void up(String server);
}
