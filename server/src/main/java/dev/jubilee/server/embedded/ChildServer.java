package dev.jubilee.server.embedded;

/** A server that runs as a child process and can be started again when it died. */
interface ChildServer {
    String name();

    /**
     * Starts it and returns when it answers. Whatever was left of an earlier run is ended first;
     * when it fails, nothing is left running.
     *
     * @throws EmbeddedException when it cannot run, with its reason in one line
     */
    ChildProcess start() throws InterruptedException;
}
