package dev.jubilee.bench;

import io.vertx.core.DeploymentOptions;
import io.vertx.core.Future;
import io.vertx.core.VerticleBase;
import io.vertx.core.Vertx;
import io.vertx.core.VertxOptions;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.http.HttpServer;
import io.vertx.core.http.HttpServerOptions;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * The yardstick of everything that answers over HTTP: reads the whole body, knows a fixed answer of
 * 120 bytes, and does nothing else. Prints its port; ends when its standard input closes.
 */
public final class EchoServer {
    private static final int ANSWER_BYTES = 120;

    private EchoServer() {}

    public static void main(String[] arguments) throws IOException {
        int loops = Integer.parseInt(arguments[0]);
        Vertx vertx =
                Vertx.vertx(
                        new VertxOptions()
                                .setPreferNativeTransport(true)
                                .setEventLoopPoolSize(loops));
        AtomicInteger port = new AtomicInteger();
        vertx.deployVerticle(() -> new Echo(port), new DeploymentOptions().setInstances(loops))
                .await();
        System.out.println(port.get());
        while (System.in.read() >= 0) {
            // Nothing is ever said; the end of the stream is the end of the parent.
        }
        System.exit(0);
    }

    private static final class Echo extends VerticleBase {
        private final AtomicInteger port;

        Echo(AtomicInteger port) {
            this.port = port;
        }

        @Override
        public Future<?> start() {
            byte[] filler = new byte[ANSWER_BYTES - "{\"echo\":\"\"}".length()];
            java.util.Arrays.fill(filler, (byte) 'x');
            Buffer answer =
                    Buffer.buffer(
                            "{\"echo\":\"" + new String(filler, StandardCharsets.US_ASCII) + "\"}");
            HttpServer server =
                    vertx.createHttpServer(
                                    new HttpServerOptions()
                                            .setHost("127.0.0.1")
                                            .setPort(-1)
                                            .setTcpNoDelay(true)
                                            .setAcceptBacklog(4096))
                            .requestHandler(request ->
                                    request.body()
                                            .onSuccess(body ->
                                                    request.response()
                                                            .putHeader(
                                                                    "content-type",
                                                                    "application/json")
                                                            .end(answer)));
            return server.listen().onSuccess(s -> port.set(s.actualPort()));
        }
    }
}
