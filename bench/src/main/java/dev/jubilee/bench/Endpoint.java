package dev.jubilee.bench;

import io.vertx.core.Vertx;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.http.HttpServer;
import io.vertx.core.http.HttpServerOptions;
import io.vertx.core.http.HttpServerRequest;

/** A webhook's endpoint, on a port of its own, that answers at once, or not at all. */
final class Endpoint implements AutoCloseable {
    private final HttpServer server;
    private final Hearing hearing;
    private volatile boolean hangs;

    /** What is done with a request, on the event loop and before it is answered. */
    @FunctionalInterface
    interface Hearing {
        /**
         * @param id of the event
         * @param now of {@link System#nanoTime}
         */
        void heard(String path, String id, Buffer body, long now);
    }

    /** Listens on a free port of loopback. */
    Endpoint(Vertx vertx, Hearing hearing) {
        this.hearing = hearing;
        this.server =
                vertx.createHttpServer(
                                new HttpServerOptions()
                                        .setHost("127.0.0.1")
                                        .setPort(0)
                                        .setTcpNoDelay(true))
                        .requestHandler(this::receive)
                        .listen()
                        .await();
    }

    /** The address of a path of it. */
    String url(String path) {
        return "http://127.0.0.1:" + server.actualPort() + path;
    }

    /** From now on nothing is answered, nor heard. */
    void hang() {
        hangs = true;
    }

    private void receive(HttpServerRequest request) {
        request.body()
                .onSuccess(body -> {
                    if (!hangs) {
                        String path = request.path();
                        String id = request.getHeader("webhook-id");
                        hearing.heard(
                                path == null ? "" : path,
                                id == null ? "" : id,
                                body,
                                System.nanoTime());
                        request.response().setStatusCode(204).end();
                    }
                });
    }

    @Override
    public void close() {
        server.close().await();
    }
}
