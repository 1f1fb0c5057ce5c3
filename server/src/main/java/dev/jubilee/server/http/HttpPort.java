package dev.jubilee.server.http;

import io.vertx.core.DeploymentOptions;
import io.vertx.core.Future;
import io.vertx.core.VerticleBase;
import io.vertx.core.Vertx;
import io.vertx.core.http.HttpServer;
import io.vertx.core.http.HttpServerOptions;
import java.util.List;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;

/** A listening port with its routes. Every event loop serves it. */
public final class HttpPort implements AutoCloseable {
    private static final int GRACE_SECONDS = 10;

    private final Vertx vertx;
    private final String deployment;
    private final int port;
    private final List<Router.Route> routes;

    private HttpPort(Vertx vertx, String deployment, int port, List<Router.Route> routes) {
        this.vertx = vertx;
        this.deployment = deployment;
        this.port = port;
        this.routes = routes;
    }

    /**
     * Starts to listen.
     *
     * @param port 0 takes any free one
     * @param loops how many event loops serve it
     * @throws PortTakenException when something else listens there
     */
    public static HttpPort listen(
            Vertx vertx, String host, int port, Router router, Edge edge, int loops) {
        HttpServerOptions options =
                new HttpServerOptions()
                        .setHost(host)
                        .setPort(port == 0 ? anyFree() : port)
                        // Also ends a peer that does not read its answer, which no Deadline sees.
                        .setIdleTimeout((int) edge.limits().longest().toMillis())
                        .setIdleTimeoutUnit(TimeUnit.MILLISECONDS)
                        // Nobody speaks WebSocket here, and it would look at every request.
                        .setPerFrameWebSocketCompressionSupported(false)
                        .setPerMessageWebSocketCompressionSupported(false)
                        .setTcpNoDelay(true)
                        .setReuseAddress(true)
                        .setAcceptBacklog(4096)
                        // With HTTP/2 over clear text a connection is ours only after its first
                        // bytes, and until then nothing limits how many there are or how long.
                        .setHttp2ClearTextEnabled(false)
                        .setCompressionSupported(false);
        AtomicInteger actual = new AtomicInteger();
        AtomicInteger connections = new AtomicInteger();
        try {
            String id =
                    vertx.deployVerticle(
                                    () ->
                                            new Listener(
                                                    options,
                                                    new RequestHandler(router, edge, connections),
                                                    actual),
                                    new DeploymentOptions().setInstances(loops))
                            .await();
            return new HttpPort(vertx, id, actual.get(), router.routes());
        } catch (Exception e) {
            // Vert.x throws the checked BindException without declaring it.
            throw new PortTakenException(host, port, e);
        }
    }

    /**
     * To Vert.x a negative number is a free port that all who name the same number share: the event
     * loops of one port must, two ports must not.
     */
    private static int anyFree() {
        return -ThreadLocalRandom.current().nextInt(1, Integer.MAX_VALUE);
    }

    /** The port that is listened to. */
    public int port() {
        return port;
    }

    /** What it answers to. */
    public List<Router.Route> routes() {
        return routes;
    }

    /** Takes no more requests; those that were taken are answered, within ten seconds. */
    @Override
    public void close() {
        vertx.undeploy(deployment).await();
    }

    private static final class Listener extends VerticleBase {
        private static final int SWEEP_MILLIS = 100;

        private final HttpServerOptions options;
        private final RequestHandler handler;
        private final AtomicInteger actual;
        private @Nullable HttpServer server;

        Listener(HttpServerOptions options, RequestHandler handler, AtomicInteger actual) {
            this.options = options;
            this.handler = handler;
            this.actual = actual;
        }

        @Override
        public Future<?> start() {
            vertx.setPeriodic(SWEEP_MILLIS, id -> handler.sweep(System.nanoTime()));
            HttpServer made =
                    vertx.createHttpServer(options)
                            .connectionHandler(handler::opened)
                            .invalidRequestHandler(handler::handleInvalid)
                            .requestHandler(handler);
            server = made;
            return made.listen().onSuccess(s -> actual.set(s.actualPort()));
        }

        @Override
        public Future<?> stop() {
            return server == null
                    ? Future.succeededFuture()
                    : server.shutdown(GRACE_SECONDS, TimeUnit.SECONDS);
        }
    }
}
