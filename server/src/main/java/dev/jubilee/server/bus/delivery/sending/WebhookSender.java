package dev.jubilee.server.bus.delivery.sending;

import dev.jubilee.events.EventId;
import dev.jubilee.server.bus.subscriptions.SecretBox;
import dev.jubilee.server.bus.subscriptions.Subscription;
import dev.jubilee.server.bus.subscriptions.SubscriptionSecrets;
import dev.jubilee.server.http.client.Destination;
import dev.jubilee.server.http.client.OutboundHttp;
import dev.jubilee.server.http.client.Outcome;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.CompletableFuture;

/** Posts shipments as signed CloudEvents. Thread-safe. */
public final class WebhookSender implements Sender {
    private final OutboundHttp http;
    private final SubscriptionSecrets secrets;
    private final InstantSource clock;
    private final Duration timeout;

    public WebhookSender(
            OutboundHttp http, SubscriptionSecrets secrets, InstantSource clock, Duration timeout) {
        this.http = http;
        this.secrets = secrets;
        this.clock = clock;
        this.timeout = timeout;
    }

    /** The id stays the same however often a shipment is sent. */
    @Override
    public CompletableFuture<Outcome> send(Subscription to, Shipment shipment) {
        if (to.endpoint() == null) {
            return refused("the subscription has no endpoint");
        }
        byte[] body = shipment.body();
        try {
            Map<String, String> headers = headers(to, headerId(shipment.id()), body);
            headers.put("Content-Type", shipment.mediaType());
            return http.post(Destination.of(to.endpoint()), headers, body, timeout);
        } catch (SecretBox.Undecipherable | IllegalArgumentException e) {
            return refused(String.valueOf(e.getMessage()));
        }
    }

    private Map<String, String> headers(Subscription to, String id, byte[] body) {
        Instant now = clock.instant();
        Map<String, String> headers = new HashMap<>();
        headers.put("User-Agent", "Jubilee");
        headers.put("webhook-id", id);
        headers.put("webhook-timestamp", Long.toString(now.getEpochSecond()));
        headers.put("webhook-signature", Signature.of(secrets.signing(to, now), id, now, body));
        String token = secrets.authToken(to);
        if (token != null) {
            headers.put("Authorization", "Bearer " + token);
        }
        return headers;
    }

    /** A client may have made the id of anything; a header takes less, and a dot would be read. */
    private static String headerId(String id) {
        boolean fits = id.chars().allMatch(c -> c > ' ' && c < 127 && c != '.');
        return fits ? id : EventId.derived("webhook", id).toString();
    }

    private static CompletableFuture<Outcome> refused(String reason) {
        return CompletableFuture.completedFuture(new Outcome.Refused(reason));
    }
}
