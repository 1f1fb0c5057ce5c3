package dev.jubilee.server.http;

import dev.jubilee.server.security.Authenticator;
import io.vertx.core.DeploymentOptions;
import io.vertx.core.Future;
import io.vertx.core.VerticleBase;
import io.vertx.core.Vertx;
import io.vertx.core.http.HttpServer;
import io.vertx.core.http.HttpServerOptions;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;

/** A listening port with its routes. Every event loop serves it. */
public final class HttpPort implements AutoCloseable {
    private final Vertx vertx;
    private final String deployment;
    private final int port;

    private HttpPort(Vertx vertx, String deployment, int port) {
        this.vertx = vertx;
        this.deployment = deployment;
        this.port = port;
    }

    /**
     * Starts to listen.
     *
     * @param port 0 takes any free one
     * @throws PortTakenException when something else listens there
     */
    public static HttpPort listen(
            Vertx vertx,
            String host,
            int port,
            Router router,
            Authenticator authenticator,
            HttpLimits limits,
            int loops) {
        HttpServerOptions options =
                new HttpServerOptions()
                        .setHost(host)
                        .setPort(port == 0 ? -1 : port)
                        .setIdleTimeout((int) limits.idleTimeout().toMillis())
                        .setIdleTimeoutUnit(TimeUnit.MILLISECONDS)
                        .setTcpNoDelay(true)
                        .setReuseAddress(true)
                        .setAcceptBacklog(4096)
                        .setCompressionSupported(false);
        RequestHandler handler = new RequestHandler(vertx, router, authenticator, limits);
        AtomicInteger actual = new AtomicInteger();
        try {
            String id =
                    vertx.deployVerticle(
                                    () -> new Listener(options, handler, actual),
                                    new DeploymentOptions().setInstances(loops))
                            .await();
            return new HttpPort(vertx, id, actual.get());
        } catch (RuntimeException e) {
            throw new PortTakenException(host, port, e);
        }
    }

    /** The port that is listened to. */
    public int port() {
        return port;
    }

    /** Takes no more requests. */
    @Override
    public void close() {
        vertx.undeploy(deployment).await();
    }

    private static final class Listener extends VerticleBase {
        private final HttpServerOptions options;
        private final RequestHandler handler;
        private final AtomicInteger actual;

        Listener(HttpServerOptions options, RequestHandler handler, AtomicInteger actual) {
            this.options = options;
            this.handler = handler;
            this.actual = actual;
        }

        @Override
        public Future<?> start() {
            HttpServer server = vertx.createHttpServer(options).requestHandler(handler);
            return server.listen().onSuccess(s -> actual.set(s.actualPort()));
        }
    }
}
