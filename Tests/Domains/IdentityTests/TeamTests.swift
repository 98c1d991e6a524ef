// SPDX-License-Identifier: Apache-2.0
import Core
import Identity
import JSON
import Postgres
import SwiftExtensions
import TestSupport
import Testing

@Suite struct TeamTests {
    private let all: PageRequest

    init() throws { all = try PageRequest(limit: "500", after: nil) }

    @Test("a team is made, listed, renamed and retired, each with its entry; its name is then free")
    func life() async throws {
        try await Fixture.with { fixture in
            let organization = try fixture.organization("one").organization
            let manager = try fixture.person("ada", .manager, in: organization)
            let draft = TeamDraft(name: "search", description: "finds things")
            let team = try await fixture.teams.create(draft, by: manager)
            #expect((team.draft, team.memberCount) == (draft, 0))
            #expect(await code { _ = try await fixture.teams.create(draft, by: manager) } == "team_exists")
            let renamed = try await fixture.teams.update(team.id, by: manager) { $0.name = "retrieval" }
            #expect(renamed.draft == TeamDraft(name: "retrieval", description: "finds things"))
            _ = try await fixture.teams.add(manager.id, as: .lead, to: team.id, by: manager)
            #expect(try await fixture.teams.list(all, of: organization).map(\.memberCount) == [1])
            try await fixture.teams.retire(team.id, by: manager)
            #expect(await code { _ = try await fixture.teams.find(team.id, of: organization) } == "team_not_found")
            #expect(try fixture.count("auth.team_members WHERE retired_at IS NULL") == "0")
            _ = try await fixture.teams.create(TeamDraft(name: "retrieval"), by: manager)
            #expect(
                try fixture.actions() == [
                    "team.created", "team.updated", "team.member_added", "team.retired", "team.created",
                ])
            #expect(try fixture.payloads("team.retired").first?["ip_address"]?.string == here.address)
        }
    }

    @Test(
        "a draft out of bounds is refused by its field",
        arguments: [
            (TeamDraft(name: ""), "name"), (TeamDraft(name: String(repeating: "a", count: 201)), "name"),
            (TeamDraft(name: "a\nb"), "name"),
            (TeamDraft(name: "a", description: String(repeating: "a", count: 1001)), "description"),
        ])
    func bounds(draft: TeamDraft, field: String) {
        #expect(#expect(throws: DomainError.self) { try draft.check() }?.parameter == field)
    }

    @Test(
        "leads bring and take plain members, who manages teams everybody, others nobody",
        arguments: [
            (TeamRole?.none, false, false, false), (.member, false, false, false), (.lead, false, true, false),
            (TeamRole?.none, true, true, true), (.lead, true, true, true),
        ])
    func rule(caller: TeamRole?, managesTeams: Bool, mayBringMembers: Bool, mayBringLeads: Bool) async throws {
        try await Fixture.with { fixture in
            let admin = try fixture.organization("one")
            let team = try await fixture.teams.create(TeamDraft(name: "t"), by: admin)
            let person = try fixture.person("ada", managesTeams ? .manager : .developer, in: admin.organization)
            if let caller { _ = try await fixture.teams.add(person.id, as: caller, to: team.id, by: admin) }
            for (role, isAllowed) in [(TeamRole.member, mayBringMembers), (.lead, mayBringLeads)] {
                let other = try fixture.person(role.rawValue, .viewer, in: admin.organization)
                let expected = isAllowed ? "none" : "not_team_lead"
                #expect(
                    await fixture.refusal { try await fixture.teams.add(other.id, as: role, to: team.id, by: person) }
                        == expected)
                if !isAllowed { _ = try await fixture.teams.add(other.id, as: role, to: team.id, by: admin) }
                #expect(
                    await fixture.refusal { try await fixture.teams.remove(other.id, from: team.id, by: person) }
                        == expected)
            }
        }
    }

    @Test("a lead of one team is nobody in another, and no lead makes leads of members")
    func otherTeams() async throws {
        try await Fixture.with { fixture in
            let admin = try fixture.organization("one")
            let own = try await fixture.teams.create(TeamDraft(name: "own"), by: admin)
            let other = try await fixture.teams.create(TeamDraft(name: "other"), by: admin)
            let lead = try fixture.person("ada", .developer, in: admin.organization)
            let member = try fixture.person("bob", .developer, in: admin.organization)
            _ = try await fixture.teams.add(lead.id, as: .lead, to: own.id, by: admin)
            _ = try await fixture.teams.add(member.id, as: .member, to: own.id, by: lead)
            let foreign = await code { _ = try await fixture.teams.add(member.id, as: .member, to: other.id, by: lead) }
            #expect(foreign == "not_team_lead")
            let promoted = await code {
                _ = try await fixture.teams.update(member.id, to: .lead, of: own.id, by: lead)
            }
            #expect(promoted == "not_team_lead")
            #expect(try await fixture.teams.update(member.id, to: .lead, of: own.id, by: admin).role == .lead)
            #expect(await code { try await fixture.teams.remove(member.id, from: own.id, by: lead) } == "not_team_lead")
        }
    }

    @Test("only members of the organization come into its teams, once; who leaves it leaves them for good")
    func membership() async throws {
        try await Fixture.with { fixture in
            let (mine, other) = (try fixture.organization("mine"), try fixture.organization("other"))
            let team = try await fixture.teams.create(TeamDraft(name: "t"), by: mine)
            let person = try fixture.person("ada", .developer, in: mine.organization)
            let eve = try fixture.person("eve", .developer, in: other.organization)
            #expect(
                await code { _ = try await fixture.teams.add(eve.id, as: .member, to: team.id, by: mine) }
                    == "user_not_found")
            _ = try await fixture.teams.add(person.id, as: .member, to: team.id, by: mine)
            #expect(
                await code { _ = try await fixture.teams.add(person.id, as: .lead, to: team.id, by: mine) }
                    == "already_in_team")
            #expect(
                try await fixture.teams.members(of: team.id, all, organization: mine.organization).map(\.id)
                    == [person.id])
            try await fixture.members.remove(person.id, by: mine)
            try fixture.store.psql("UPDATE auth.memberships SET retired_at = NULL WHERE user_id = '\(person.id)'")
            #expect(try await fixture.teams.members(of: team.id, all, organization: mine.organization).isEmpty)
            _ = try await fixture.teams.add(person.id, as: .lead, to: team.id, by: mine)
            #expect(try await fixture.teams.find(team.id, of: mine.organization).memberCount == 1)
        }
    }

    @Test("another organization's teams are not there")
    func isolation() async throws {
        try await Fixture.with { fixture in
            let (mine, other) = (try fixture.organization("mine"), try fixture.organization("other"))
            let team = try await fixture.teams.create(TeamDraft(name: "t"), by: mine)
            let eve = try fixture.person("eve", .admin, in: other.organization)
            #expect(try await fixture.teams.list(all, of: other.organization).isEmpty)
            for attempt in [
                { _ = try await fixture.teams.find(team.id, of: other.organization) },
                { _ = try await fixture.teams.update(team.id, by: eve) { _ in } },
                { try await fixture.teams.retire(team.id, by: eve) },
                { _ = try await fixture.teams.members(of: team.id, all, organization: other.organization) },
                { _ = try await fixture.teams.add(eve.id, as: .member, to: team.id, by: eve) },
                { try await fixture.teams.remove(eve.id, from: team.id, by: eve) },
            ] as [() async throws -> Void] {
                #expect(await code(of: attempt) == "team_not_found")
            }
        }
    }
}
