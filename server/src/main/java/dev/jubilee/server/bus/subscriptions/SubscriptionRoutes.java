package dev.jubilee.server.bus.subscriptions;

import dev.jubilee.server.bus.filters.EventFilter;
import dev.jubilee.server.bus.filters.FilterEvent;
import dev.jubilee.server.bus.subscriptions.Subscription.Status;
import dev.jubilee.server.database.Database;
import dev.jubilee.server.http.Call;
import dev.jubilee.server.http.Input;
import dev.jubilee.server.http.Page;
import dev.jubilee.server.http.Problem;
import dev.jubilee.server.http.Reply;
import dev.jubilee.server.http.Router;
import dev.jubilee.server.http.Routes;
import dev.jubilee.server.idempotency.Idempotency;
import dev.jubilee.server.security.Access;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.UUID;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Function;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;

/** The HTTP face of subscriptions. For game servers, operators and administrators. */
public final class SubscriptionRoutes implements Routes {
    private static final int ATTEMPTS = 50;

    private final Subscriptions subscriptions;
    private final Idempotency idempotency;

    public SubscriptionRoutes(Subscriptions subscriptions, Idempotency idempotency) {
        this.subscriptions = subscriptions;
        this.idempotency = idempotency;
    }

    @Override
    public void on(Router router) {
        String one = "/subscriptions/{subscription_id}";
        router.post("/subscriptions", Access.STAFF, this::create)
                .get("/subscriptions", Access.STAFF, this::list)
                .query("page", "limit", "service_name", "method", "status")
                .post("/subscriptions/filter/test", Access.STAFF, this::tryFilter)
                .get(one, Access.STAFF, this::get)
                .patch(one, Access.STAFF, this::change)
                .delete(one, Access.STAFF, this::delete)
                .post(one + "/pause", Access.STAFF, this::pause)
                .post(one + "/resume", Access.STAFF, this::resume)
                .post(one + "/rewind", Access.STAFF, this::rewind)
                .post(one + "/secret/rotate", Access.STAFF, this::rotateSecret);
    }

    private Reply create(Call call) {
        SubscriptionReader.Read read =
                SubscriptionReader.create(
                        call.json(), subscriptions.defaults(), subscriptions.setting());
        subscriptions.mustBeAllowed(call.principal(), read.subscription());
        StartPositions.Start start =
                subscriptions.start(read.subscription(), read.subscription().startFrom());
        return telling(
                call,
                connection -> subscriptions.create(connection, call.principal(), read, start),
                view ->
                        Reply.created(view)
                                .with("Location", "/subscriptions/" + read.subscription().id()));
    }

    /** The stored answer of a repetition has all but the secret, which is kept encrypted alone. */
    private Reply telling(
            Call call,
            Database.Work<Subscriptions.Made> work,
            Function<SubscriptionView, Reply> reply) {
        AtomicReference<Subscriptions.@Nullable Made> told = new AtomicReference<>();
        Reply answer =
                idempotency.once(
                        call,
                        connection -> {
                            Subscriptions.Made made = work.in(connection);
                            told.set(made);
                            return reply.apply(SubscriptionView.of(made.subscription(), null));
                        });
        Subscriptions.Made made = told.get();
        return made == null ? answer : reply.apply(view(made));
    }

    private Reply list(Call call) {
        Page page = Page.of(call);
        SubscriptionStore.Query query =
                new SubscriptionStore.Query(
                        call.query("service_name"),
                        call.queryOneOf("method", DeliveryMethod.NAMES),
                        call.queryOneOf("status", List.of("active", "paused", "disabled")));
        return subscriptions
                .database()
                .read(connection -> {
                    int total = SubscriptionStore.count(connection, query);
                    List<SubscriptionView> views = new ArrayList<>();
                    SubscriptionStore.page(connection, query, page.limit(), page.offset())
                            .forEach(it -> views.add(SubscriptionView.of(it, null)));
                    return Reply.ok(views).with("X-Total-Count", Integer.toString(total));
                });
    }

    private Reply get(Call call) {
        Subscription it = subscriptions.get(call.path("subscription_id"));
        return Reply.ok(SubscriptionView.of(it, null));
    }

    /** What asks Kafka or the resolver happens before the row is locked, so that may change. */
    private static Reply untilNotOvertaken(Supplier<Reply> attempt) {
        for (int i = 0; i < ATTEMPTS; i++) {
            try {
                return attempt.get();
            } catch (Subscriptions.Overtaken e) {
                // Once more, over what stands there now.
            }
        }
        throw Problem.unavailable(
                        "subscription_busy",
                        "Others change the subscription all the time.",
                        Duration.ofSeconds(1))
                .asException();
    }

    private Reply change(Call call) {
        return untilNotOvertaken(() -> tryChange(call));
    }

    private Reply tryChange(Call call) {
        Subscription before = subscriptions.get(call.path("subscription_id"));
        SubscriptionReader.Read read =
                SubscriptionReader.change(call.json(), before, subscriptions.setting());
        subscriptions.mustBeAllowed(call.principal(), read.subscription());
        StartPositions.Ends more = subscriptions.endsOfMore(before, read.subscription());
        AtomicReference<@Nullable Subscription> after = new AtomicReference<>();
        Reply reply =
                idempotency.once(
                        call,
                        connection -> {
                            Subscriptions.Made made =
                                    subscriptions.change(
                                            connection, call.principal(), before, read, more);
                            after.set(made.subscription());
                            return Reply.ok(view(made));
                        });
        Subscription changed = after.get();
        if (changed != null) {
            subscriptions.hurryIfElsewhere(before, changed);
        }
        return reply;
    }

    private Reply delete(Call call) {
        UUID id = Subscriptions.idOf(call.path("subscription_id"));
        Optional<Reply> known = idempotency.known(call);
        if (known.isPresent()) {
            return known.get();
        }
        subscriptions.dropMost(call.principal(), id);
        return idempotency.once(
                call,
                connection -> {
                    subscriptions.delete(connection, call.principal(), id);
                    return Reply.noContent();
                });
    }

    private Reply pause(Call call) {
        Input body = call.optionalInput();
        String reason = body.optionalText("reason", 1_000);
        body.check();
        return setStatus(call, Status.PAUSED, reason);
    }

    private Reply resume(Call call) {
        call.optionalInput().check();
        return setStatus(call, Status.ACTIVE, null);
    }

    private Reply rewind(Call call) {
        return untilNotOvertaken(() -> tryRewind(call));
    }

    private Reply tryRewind(Call call) {
        Subscription it = subscriptions.getOwned(call.principal(), call.path("subscription_id"));
        Input body = call.input();
        String to = body.text("to", 40);
        if (!to.isEmpty() && !StartFrom.isValid(to)) {
            body.reject("to", "must be now, beginning, or a time like 2026-11-21T10:00:00Z");
        }
        body.check();
        if (!it.isDelivered()) {
            throw Problem.conflict(
                            "subscription_not_delivered",
                            "With the method "
                                    + it.method().text()
                                    + " the consumer itself decides where it reads.")
                    .asException();
        }
        Optional<Reply> known = idempotency.known(call);
        if (known.isPresent()) {
            return known.get();
        }
        StartPositions.Start start = subscriptions.startAnew(call.principal(), it, to);
        return idempotency.once(
                call,
                connection ->
                        Reply.ok(
                                view(
                                        subscriptions.rewind(
                                                connection, call.principal(), it, to, start))));
    }

    private Reply setStatus(Call call, Status status, @Nullable String reason) {
        UUID id = Subscriptions.idOf(call.path("subscription_id"));
        return idempotency.once(
                call,
                connection ->
                        Reply.ok(
                                view(
                                        subscriptions.setStatus(
                                                connection,
                                                call.principal(),
                                                id,
                                                status,
                                                reason))));
    }

    private Reply rotateSecret(Call call) {
        call.optionalInput().check();
        UUID id = Subscriptions.idOf(call.path("subscription_id"));
        return telling(
                call,
                connection -> subscriptions.rotateSecret(connection, call.principal(), id),
                Reply::ok);
    }

    /** Tries a filter on a sample, and says why it does not match. */
    private Reply tryFilter(Call call) {
        Input body = call.input();
        JsonNode filter = FilterField.tree(body, "filter");
        JsonNode event = FilterField.tree(body, "event");
        EventFilter compiled = null;
        if (filter == null) {
            body.reject("filter", "is required");
        } else {
            compiled = FilterField.compile(body, filter);
        }
        if (event == null || !event.isObject()) {
            body.reject("event", "is required, an object with event_type, topic, data and so on");
        }
        body.check();
        if (compiled == null || event == null) {
            throw new IllegalStateException("a body without its parts passed the check");
        }
        List<EventFilter.Mismatch> mismatches = compiled.explain(FilterEvent.ofSample(event));
        Map<String, Object> answer = new LinkedHashMap<>();
        answer.put("matches", mismatches.isEmpty());
        answer.put("mismatches", mismatches);
        return Reply.ok(answer);
    }

    private static SubscriptionView view(Subscriptions.Made made) {
        return SubscriptionView.of(made.subscription(), made.signingSecret());
    }
}
