package dev.jubilee.server.http;

import static org.assertj.core.api.Assertions.assertThat;

import dev.jubilee.server.security.Authenticator;
import io.vertx.core.Vertx;
import io.vertx.core.http.HttpConnection;
import io.vertx.core.http.HttpServerRequest;
import java.lang.reflect.Proxy;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class PeerTest {
    private static final HttpLimits LIMITS = EdgeServer.LIMITS;

    private final Vertx vertx = Vertx.vertx();
    private final List<String> asked = new ArrayList<>();
    private final HttpConnection connection = noting(HttpConnection.class);
    private final RequestHandler handler =
            new RequestHandler(
                    new Router(),
                    new Edge(
                            noting(Authenticator.class),
                            new RateLimits(RateLimits.Settings.OFF, System::nanoTime),
                            LIMITS),
                    new AtomicInteger());
    private final Peer peer = new Peer(connection, handler);

    @AfterEach
    void end() {
        vertx.close().await();
    }

    @Test
    void oneThatIsIdleTooLongIsClosed() {
        onEventLoop(() -> {
            Exchange exchange = ask();
            peer.answered(exchange);
            sweepLater();
        });
        assertThat(asked).containsExactly("close");
    }

    @Test
    void oneThatHungUpBeforeItsAnswerIsForgottenWhenTheAnswerIsThere() {
        onEventLoop(() -> {
            Exchange exchange = ask();
            peer.closed();
            peer.answered(exchange);
            sweepLater();
        });
        assertThat(asked).isEmpty();
    }

    @Test
    void oneThatHungUpBeforeARefusalIsForgottenToo() {
        onEventLoop(() -> {
            Exchange exchange = ask();
            peer.closed();
            peer.answered(exchange);
            peer.linger();
            sweepLater();
        });
        assertThat(asked).isEmpty();
    }

    private Exchange ask() {
        Exchange exchange = new Exchange(noting(HttpServerRequest.class), peer, handler);
        peer.asked(exchange);
        return exchange;
    }

    /** When all that anybody waits for would have passed. */
    private void sweepLater() {
        handler.sweep(System.nanoTime() + LIMITS.idleTimeout().multipliedBy(2).toNanos());
    }

    private void onEventLoop(Runnable work) {
        vertx.<Void>executeBlocking(
                        () -> {
                            work.run();
                            return null;
                        })
                .await();
    }

    private <T> T noting(Class<T> type) {
        return type.cast(
                Proxy.newProxyInstance(
                        type.getClassLoader(),
                        new Class<?>[] {type},
                        (proxy, method, arguments) -> {
                            asked.add(method.getName());
                            return null;
                        }));
    }
}
